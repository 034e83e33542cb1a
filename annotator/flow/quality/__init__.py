"""How far to trust annotators and labels: agreement, consensus, label errors, suggestion bias."""
