"""The queue: refill, leases, prefetch, the offline buffer, skipped and orphaned items.

| module | what it does |
|---|---|
| `admission` | The only place that creates leases |
| `assigned` | Items that only some people get |
| `audit_stream` | Audits, gold items and blind decoys mixed into what is queued |
| `current_leases` | Leases that an annotator holds |
| `delivery_checks` | Checks of a delivery, blind among the other items |
| `leasing` | Leases on queue entries: who labels what next |
| `offline_buffer` | Random items kept by a window for a lost connection |
| `orphaned_leases` | Orphaned leases, of former members or a shifted clock |
| `overlap` | Fit the queue to a changed number of annotations per item |
| `payload` | Payload of a lease: item, suggestion, reason |
| `prefetch` | The window's items: shown, prefetched, buffered |
| `reassign_idle` | Reassign prefetched items that were never shown |
| `refill` | Picks and audits become queue entries |
| `releasing` | Skip, unskip, release, expire |
| `skipped_items` | Items that every annotator skipped |
| `withdraw` | Withdraw and reopen queue entries |
"""
