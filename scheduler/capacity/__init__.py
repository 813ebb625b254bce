"""What jobs run on: compute environments, their hosts, instance sizes, consumable resources."""
