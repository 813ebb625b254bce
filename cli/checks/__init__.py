"""What `sluice doctor` looks at, one small function a thing; each yields findings."""
