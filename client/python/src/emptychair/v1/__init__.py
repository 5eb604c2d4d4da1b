"""The messages and stubs of the service, as protoc makes them."""
