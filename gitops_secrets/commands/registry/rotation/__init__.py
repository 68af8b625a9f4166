"""Rotating the credential of a registry: minted, proven, switched, confirmed, and the old one revoked last."""
