"""What the model says: text, tool calls, and JSON that satisfies a schema."""
