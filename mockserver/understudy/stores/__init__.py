"""Where accounts live: buckets, ledgers, objects."""
