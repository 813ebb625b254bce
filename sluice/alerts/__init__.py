"""What Sluice sends to people and to other automation: alerts, events, their texts and links."""
