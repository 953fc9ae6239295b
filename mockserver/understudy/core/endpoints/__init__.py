"""The operations of the API: what each reads, costs, refuses and answers. One module per endpoint family."""
