"""Health, background reports, clean-up, and checks of the stored counts.

| module | what it does |
|---|---|
| `activity` | Background work of a project: what is under way, and what failed in the last day |
| `after_restore` | After a restore: release old leases, resume jobs |
| `background_reports` | Reports that a worker computes between rounds |
| `cleanup` | Repair after crashes, final removal of deleted data |
| `encoders` | Pretrained encoders: which there are, adding one from a folder, removing it |
| `health` | Queues, leases, rounds, jobs, workers and disk as numbers |
| `heartbeat` | Heartbeat of the workers: reported by each, read by pages |
| `readiness` | Readiness of the installation: database, broker and worker |
| `sample_history` | Labels and rounds of a sample project |
| `verify_counts` | Recount stored counts from the rows |
"""
