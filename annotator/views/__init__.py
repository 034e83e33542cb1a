"""The pages, one module per screen: each loads its project by `access`, calls flow, renders."""
