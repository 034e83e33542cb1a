"""Pages, one module per screen: each loads its project through `access`, calls flow, renders."""
