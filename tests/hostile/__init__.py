"""Stories of people who want the tool to break a promise."""
