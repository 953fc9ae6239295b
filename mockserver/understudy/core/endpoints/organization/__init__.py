"""The endpoints under `/v1/organization`, by which an admin key reads and sets what an organization is about."""
