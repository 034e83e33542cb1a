"""What people, files, rows and messages outside the code rely on, compared with stored snapshots.

A snapshot changes only with a change that is meant. Then this writes them anew, and `git diff`
shows what others will notice:

    WINNOW_UPDATE_SNAPSHOTS=1 pytest tests/contract
"""
