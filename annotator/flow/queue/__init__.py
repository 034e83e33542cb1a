"""The queue: refill, leases, prefetch, the offline buffer, skipped and orphaned items.

| module | what it does |
|---|---|
| `admission` | The only place that creates leases: paused or over budget? |
| `audit_stream` | Audits, gold items and decoys mixed into what is queued |
| `current_leases` | The leases that an annotator holds |
| `leasing` | Lease the next item |
| `offline_buffer` | Random items kept by a window for a lost connection |
| `orphaned_leases` | Orphaned leases, of former members or a shifted clock |
| `overlap` | The queue fitted to another number of annotations per item |
| `payload` | What is shown of a leased item |
| `prefetch` | The window's items: shown, prefetched, buffered |
| `reassign_idle` | Reassign prefetched items that were never shown |
| `refill` | Picks, or random items, become queue entries |
| `releasing` | Skip, release, extend and expire leases |
| `skipped_items` | Items that every annotator skipped |
| `withdraw` | Withdraw entries that wait, reopen leased ones |
"""
