"""Stories of what somebody hostile, or bad luck, makes of a run."""
