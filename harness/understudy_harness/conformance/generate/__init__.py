"""Generated cases: random but legal ways from an answer to bytes, judged by relations. Needs the extra `test`."""
