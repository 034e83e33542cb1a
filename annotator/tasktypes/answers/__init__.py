"""What people say of items: one module a kind of answer."""
