"""Who can decrypt what a cluster's creation rules cover: listed, added and removed."""
