import type { DatabaseSync } from 'node:sqlite'

/** 'Smbl' in the header: tells a gallery from any other SQLite file. */
export const applicationId = 0x536d626c

/**
 * The step from each version of the schema to the next: `PRAGMA user_version` counts the steps done. A step that has
 * been released is never changed; a new one is added at the end.
 *
 * BLOB columns are sealed (see `seal.ts`), but `key_check` and the tags, which are keyed hashes.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE gallery (key_check BLOB NOT NULL) STRICT;

  CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL,
    name_tag BLOB NOT NULL UNIQUE,
    enrolled_at INTEGER NOT NULL,
    consent_at INTEGER NOT NULL,
    skipped_views TEXT NOT NULL
  ) STRICT;

  CREATE TABLE photograph (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    captured_at INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('camera', 'file')),
    view TEXT,
    crop_hash BLOB NOT NULL,
    quality BLOB NOT NULL
  ) STRICT;
  CREATE INDEX photograph_person ON photograph (person);

  CREATE TABLE crop (
    photograph INTEGER PRIMARY KEY REFERENCES photograph ON DELETE CASCADE,
    png BLOB NOT NULL
  ) STRICT;

  CREATE TABLE embedding (
    photograph INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE,
    model_version TEXT NOT NULL,
    embedding BLOB NOT NULL,
    features BLOB NOT NULL,
    PRIMARY KEY (photograph, model_version)
  ) STRICT;

  CREATE TABLE template (
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    model_version TEXT NOT NULL,
    embedding BLOB NOT NULL,
    photographs INTEGER NOT NULL,
    PRIMARY KEY (person, model_version)
  ) STRICT;

  CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    person INTEGER REFERENCES person,
    claim BLOB NOT NULL,
    claim_tag BLOB,
    outcome TEXT NOT NULL,
    distance REAL,
    threshold REAL,
    form TEXT NOT NULL,
    model_version TEXT NOT NULL
  ) STRICT;
  CREATE INDEX attempt_person ON attempt (person, outcome);
  CREATE INDEX attempt_at ON attempt (at);
  CREATE INDEX attempt_claim ON attempt (claim_tag);

  CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  `,
  // A claim under a name that somebody had before they were renamed is theirs too when they are forgotten.
  `
  CREATE TABLE former_name (
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    name_tag BLOB NOT NULL,
    PRIMARY KEY (person, name_tag)
  ) STRICT;
  `,
  // Thresholds chosen from evidence, what the user said about pairs, and people who stand for strangers.
  `
  CREATE TABLE threshold_choice (form TEXT PRIMARY KEY, choice BLOB NOT NULL) STRICT;

  CREATE TABLE not_same_person (
    a INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    b INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    PRIMARY KEY (a, b)
  ) STRICT;

  CREATE TABLE not_same_photograph (
    a INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE,
    b INTEGER NOT NULL REFERENCES photograph ON DELETE CASCADE,
    PRIMARY KEY (a, b)
  ) STRICT;

  CREATE TABLE cohort (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL,
    imported_at INTEGER NOT NULL,
    may_train INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE cohort_photograph (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cohort INTEGER NOT NULL REFERENCES cohort ON DELETE CASCADE,
    stranger INTEGER NOT NULL,
    crop_tag BLOB NOT NULL UNIQUE,
    png BLOB NOT NULL
  ) STRICT;
  CREATE INDEX cohort_photograph_stranger ON cohort_photograph (cohort, stranger);

  CREATE TABLE cohort_embedding (
    photograph INTEGER NOT NULL REFERENCES cohort_photograph ON DELETE CASCADE,
    model_version TEXT NOT NULL,
    embedding BLOB NOT NULL,
    PRIMARY KEY (photograph, model_version)
  ) STRICT;
  `,
  // Retrained models, which of them is in use and how it came to be.
  `
  CREATE TABLE model_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL,
    description BLOB NOT NULL,
    head BLOB NOT NULL
  ) STRICT;

  CREATE TABLE model_in_use (id INTEGER PRIMARY KEY CHECK (id = 1), in_use BLOB NOT NULL) STRICT;

  CREATE TABLE model_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event BLOB NOT NULL
  ) STRICT;
  `,
  // Versions that are whole networks, runs as every process sees them, probes kept for the next run. `revision` counts
  // what others have to look at anew: the progress of a run is written without it.
  `
  ALTER TABLE gallery ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

  ALTER TABLE model_version ADD COLUMN network BLOB;

  CREATE TABLE training_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    process INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,
    ended_at INTEGER,
    run BLOB NOT NULL
  ) STRICT;

  CREATE TABLE hard_example (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('not-them', 'them')),
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    kept_at INTEGER NOT NULL,
    distance REAL NOT NULL,
    crop_tag BLOB NOT NULL UNIQUE,
    png BLOB NOT NULL
  ) STRICT;
  CREATE INDEX hard_example_person ON hard_example (person);

  CREATE TABLE hard_example_embedding (
    example INTEGER NOT NULL REFERENCES hard_example ON DELETE CASCADE,
    model_version TEXT NOT NULL,
    embedding BLOB NOT NULL,
    features BLOB NOT NULL,
    PRIMARY KEY (example, model_version)
  ) STRICT;
  `,
  // Who trained a model is known again, whatever their cohort is called by then: nobody judges what they trained.
  `
  ALTER TABLE cohort_photograph ADD COLUMN crop_hash BLOB;

  CREATE TABLE trained_on (model_version TEXT PRIMARY KEY, strangers BLOB NOT NULL) STRICT;
  `,
  // What a photograph's file says of its taking.
  `ALTER TABLE photograph ADD COLUMN taken BLOB;`,
]

/** Brings an older database to the newest version: each step whole or not at all. */
export function migrate(database: DatabaseSync): void {
  if (version(database) === migrations.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Read again under the lock: another process may have done it meanwhile.
    for (let step = version(database); step < migrations.length; step++) database.exec(migrations[step]!)
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

export function version(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()!.user_version)
}
