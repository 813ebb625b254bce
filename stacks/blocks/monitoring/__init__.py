"""What operators see of the app: log groups, alarms and the topic of the alerts."""
