"""What a deploy needs: the bootstrap stack of the CDK, and a program that builds images."""
