"""Mended: what ECR answers for an image that is not there."""

import json
from typing import Any

from ministack.core import responses
from ministack.services import (
    ecr,
)


def miss_images() -> None:
    """Let ECR's DescribeImages raise ImageNotFoundException for an image that is not there, as AWS does.

    ministack answers with an empty list, from which the CDK concludes that the image exists: it never builds
    it. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    describe = ecr._describe_images

    def describe_images(data: dict[str, Any]) -> Any:
        status, headers, body = describe(data)
        if status == 200 and data.get("imageIds") and not json.loads(body)["imageDetails"]:
            message = f"The image with imageId {data['imageIds'][0]} does not exist within the repository."
            return responses.error_response_json("ImageNotFoundException", message, 400)
        return status, headers, body

    ecr._describe_images = describe_images
