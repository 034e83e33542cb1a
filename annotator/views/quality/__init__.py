"""Pages on quality: agreement, own work, disagreements."""
