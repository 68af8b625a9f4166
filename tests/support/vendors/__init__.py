"""Stand-ins for the APIs of vendors whose servers cannot be had here, one file each, no kinder than they are described."""
