"""The tables of the agent's database, as numbered migrations."""

from __future__ import annotations

# MIGRATIONS[n] takes the file from version n to n + 1 (PRAGMA user_version).
# Never edit one that was shipped.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY,
        run_id INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        edge_id INTEGER NOT NULL,
        state TEXT NOT NULL,
        start_order TEXT NOT NULL DEFAULT '',
        keeper_id TEXT NOT NULL DEFAULT '',
        went INTEGER NOT NULL DEFAULT 0,
        frames INTEGER NOT NULL DEFAULT 0,
        detail TEXT NOT NULL DEFAULT '',
        round INTEGER NOT NULL DEFAULT 0,
        rounds INTEGER,
        waiting_until REAL,
        created_at REAL NOT NULL,
        started_at REAL,
        ended_at REAL,
        stop_reason TEXT NOT NULL DEFAULT '',
        bytes_up INTEGER NOT NULL DEFAULT 0,
        bytes_down INTEGER NOT NULL DEFAULT 0,
        UNIQUE (run_id, epoch)
    );

    CREATE TABLE inbox (inbox_seq INTEGER PRIMARY KEY);

    CREATE TABLE sequences (stream TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;

    CREATE TABLE outgoing (
        stream TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        run_id INTEGER NOT NULL,
        header TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (stream, sequence)
    );

    CREATE TABLE transfers (
        id INTEGER PRIMARY KEY,
        run_id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        round INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        record TEXT NOT NULL DEFAULT '',
        done INTEGER NOT NULL DEFAULT 0,
        UNIQUE (run_id, kind, round, sha256)
    );

    CREATE TABLE needs (
        sequence INTEGER NOT NULL,
        transfer_id INTEGER NOT NULL,
        PRIMARY KEY (sequence, transfer_id)
    ) WITHOUT ROWID;
    CREATE INDEX needs_by_transfer ON needs (transfer_id);

    CREATE TABLE held (
        delivery_id TEXT PRIMARY KEY,
        job_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        header TEXT NOT NULL,
        body BLOB NOT NULL
    );

    CREATE TABLE blobs (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id INTEGER NOT NULL,
        direction TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        UNIQUE (run_id, direction, sha256)
    );

    CREATE TABLE approvals (
        id INTEGER PRIMARY KEY,
        run_id INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        state TEXT NOT NULL,
        application TEXT NOT NULL,
        content_digest TEXT NOT NULL,
        package TEXT NOT NULL,
        record TEXT NOT NULL,
        UNIQUE (run_id, epoch)
    );

    CREATE TABLE standing (
        content_digest TEXT PRIMARY KEY,
        application TEXT NOT NULL,
        expires_at REAL,
        allowed_by TEXT NOT NULL,
        allowed_at REAL NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE traffic (
        day TEXT NOT NULL,
        kind TEXT NOT NULL,
        up INTEGER NOT NULL,
        down INTEGER NOT NULL,
        PRIMARY KEY (day, kind)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE holds (
        job_id TEXT NOT NULL,
        cause TEXT NOT NULL,
        is_on INTEGER NOT NULL,
        number INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL,
        since REAL NOT NULL,
        until REAL,
        PRIMARY KEY (job_id, cause)
    ) WITHOUT ROWID;

    CREATE TABLE exempt (job_id TEXT PRIMARY KEY, said_by TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE traffic_slots (
        slot INTEGER NOT NULL,
        kind TEXT NOT NULL,
        up INTEGER NOT NULL,
        down INTEGER NOT NULL,
        PRIMARY KEY (slot, kind)
    ) WITHOUT ROWID;
    INSERT INTO traffic_slots SELECT unixepoch(day) / 900, kind, up, down FROM traffic;
    DROP TABLE traffic;
    """,
    """
    CREATE TABLE servings (
        id TEXT PRIMARY KEY,
        token TEXT NOT NULL,
        record TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE model_permits (
        at REAL NOT NULL,
        what TEXT NOT NULL,
        run_id INTEGER NOT NULL,
        round INTEGER NOT NULL,
        content_digest TEXT NOT NULL,
        allowed_by TEXT NOT NULL,
        how TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE datasets (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        kind TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        of_groups TEXT NOT NULL DEFAULT 'null',
        shown INTEGER NOT NULL DEFAULT 0,
        added_at REAL NOT NULL,
        added_by TEXT NOT NULL DEFAULT '',
        removed_at REAL
    );

    CREATE TABLE dataset_versions (
        dataset_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hash TEXT NOT NULL,
        mark TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (dataset_id, number)
    ) WITHOUT ROWID;

    ALTER TABLE standing ADD COLUMN dataset TEXT NOT NULL DEFAULT '';

    CREATE TABLE job_data (job_id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE standing_of_groups (
        content_digest TEXT NOT NULL,
        group_id INTEGER NOT NULL,
        role TEXT NOT NULL,
        application TEXT NOT NULL,
        expires_at REAL,
        allowed_by TEXT NOT NULL,
        allowed_at REAL NOT NULL,
        dataset TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (content_digest, group_id, role)
    ) WITHOUT ROWID;

    -- Allowed by its digest alone: in every group and role, as before.
    INSERT INTO standing_of_groups
        SELECT content_digest, 0, '', application, expires_at, allowed_by, allowed_at, dataset
        FROM standing WHERE application = '';

    -- Given in answer to a question: in the group and the role of that question. Where the
    -- question is not known any more, the next run asks again.
    INSERT INTO standing_of_groups
        SELECT content_digest, group_id, role, application, expires_at, allowed_by, allowed_at,
               dataset
        FROM (
            SELECT s.*, a.record ->> 'group_id' AS group_id, a.record ->> 'role' AS role,
                   row_number() OVER (
                       PARTITION BY s.content_digest ORDER BY a.record ->> 'decided_at' DESC
                   ) AS place
            FROM standing s JOIN approvals a ON a.content_digest = s.content_digest
            WHERE s.application <> '' AND a.state = 'approved'
              AND a.record ->> 'scope' = 'standing'
              AND a.record ->> 'decided_at' <= s.allowed_at
        ) WHERE place = 1;

    DROP TABLE standing;
    ALTER TABLE standing_of_groups RENAME TO standing;
    """,
)
