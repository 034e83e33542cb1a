"""Health, background reports, clean-up, and checks of the stored counts.

| module | what it does |
|---|---|
| `after_restore` | After a restore: release old leases, resume jobs |
| `background_reports` | Reports that a worker computes between rounds |
| `cleanup` | Repair after crashes, final removal of deleted data |
| `health` | Queues, leases, rounds, jobs, workers and disk as numbers |
| `verify_counts` | Recount stored counts from the rows |
"""
