"""What starts runs: uploads, groups, sets, chains, schedules, requests and calls."""
