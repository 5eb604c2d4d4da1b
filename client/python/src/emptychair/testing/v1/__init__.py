"""The messages and stubs of emptychair.testing.v1, as protoc makes them."""
