"""Objects of a cluster: what is sent, what is shown."""
