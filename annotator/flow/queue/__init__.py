"""The queue: refill, leases, prefetch, the offline buffer, skipped and orphaned items.

| module | what it does |
|---|---|
| `admission` | The only place that creates leases: paused or over budget? |
| `leasing` | Leases on queue entries: who labels what next |
| `offline_buffer` | Random items kept by a window for a lost connection |
| `orphaned_leases` | Orphaned leases, of former members or a shifted clock |
| `prefetch` | The window's items: shown, prefetched, buffered |
| `reassign_idle` | Reassign prefetched items that were never shown |
| `refill` | Picks and audits become queue entries |
| `skipped_items` | Items that every annotator skipped |
"""
