"""What a person and other automation are sent: messages, their texts and links."""
