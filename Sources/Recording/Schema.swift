import GRDB

/// The archive's tables. Migrations that have been released are never edited.
enum Schema {
    /// "BORE", in the header of the file.
    static let applicationID: UInt32 = 0x424F_5245

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("create runs and trials") { db in
            for statement in tables + indexes { try db.execute(sql: statement) }
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("create views") { db in
            for statement in views { try db.execute(sql: statement) }
        }
        migrator.registerMigration("summarize trials") { db in
            for statement in summaries { try db.execute(sql: statement) }
        }
        migrator.registerMigration("keep what a proxy saw of attempts") { db in
            for statement in sightings { try db.execute(sql: statement) }
        }
        migrator.registerMigration("tell parts of metrics apart") { db in
            for statement in parts { try db.execute(sql: statement) }
        }
        migrator.registerMigration("answer common questions") { db in
            for statement in answers { try db.execute(sql: statement) }
        }
        migrator.registerMigration("keep looks at runs") { db in
            for statement in Look.tables { try db.execute(sql: statement) }
        }
        return migrator
    }

    /// Refuses what can't be read with this schema.
    static func check(_ db: Database, path: String) throws {
        try checkSuperseded(db, path: path)
        try checkForeign(db, path: path)
        guard try migrator.hasCompletedMigrations(db) else {
            throw ArchiveError(
                .notAnArchive, path: path,
                "an older Boreas wrote this archive, or one that was stopped at once; boreas run brings it up to date")
        }
    }

    static func checkSuperseded(_ db: Database, path: String) throws {
        guard try !migrator.hasBeenSuperseded(db) else {
            throw ArchiveError(
                .newer, path: path, "a newer Boreas wrote this archive; use that one, or name another file by --db")
        }
    }

    /// To be called within a transaction, so that what it reads is of one moment.
    static func checkForeign(_ db: Database, path: String) throws {
        let identity = try UInt32.fetchOne(db, sql: "PRAGMA application_id")
        // The migrator makes its own table before the first migration, which brings the others with the identity.
        let tables =
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'grdb_migrations'") ?? 0
        guard identity == applicationID || tables == 0 else {
            throw ArchiveError(
                .notAnArchive, path: path, "this SQLite database is no archive of Boreas; name another file by --db")
        }
    }

    private static let identityColumns = """
        verb TEXT NOT NULL CHECK (verb IN ('get', 'list', 'watch', 'create', 'update', 'patch', 'delete',
            'deletecollection', 'connect')),
        "group" TEXT NOT NULL, resource TEXT NOT NULL, subresource TEXT NOT NULL, namespace TEXT NOT NULL,
        name TEXT NOT NULL
        """

    private static let tables = [
        """
        CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            identifier TEXT NOT NULL UNIQUE CHECK (length(identifier) > 0),
            experiment TEXT NOT NULL,
            description TEXT NOT NULL,
            document TEXT NOT NULL CHECK (json_valid(document)),
            world TEXT NOT NULL CHECK (world IN ('simulated', 'embedded', 'cluster')),
            serverVersion TEXT NOT NULL,
            boreasVersion TEXT NOT NULL,
            seed INTEGER NOT NULL CHECK (seed >= 0),
            trialsPlanned INTEGER NOT NULL CHECK (trialsPlanned > 0),
            startedEpochMicroseconds INTEGER NOT NULL,
            finishedEpochMicroseconds INTEGER,
            outcome TEXT CHECK (outcome IN ('pass', 'fail', 'inconclusive')),
            CHECK ((finishedEpochMicroseconds IS NULL) = (outcome IS NULL))
        ) STRICT
        """,
        """
        CREATE TABLE policy (
            id INTEGER PRIMARY KEY,
            runId INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
            variation TEXT NOT NULL,
            name TEXT NOT NULL CHECK (length(name) > 0),
            description TEXT NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            UNIQUE (runId, variation, name)
        ) STRICT
        """,
        """
        CREATE TABLE trial (
            id INTEGER PRIMARY KEY,
            runId INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number > 0),
            policy TEXT NOT NULL,
            variation TEXT NOT NULL,
            trialIndex INTEGER NOT NULL CHECK (trialIndex > 0),
            seed INTEGER NOT NULL CHECK (seed >= 0),
            startedEpochMicroseconds INTEGER NOT NULL,
            durationMicroseconds INTEGER NOT NULL CHECK (durationMicroseconds >= 0),
            outcome TEXT NOT NULL CHECK (outcome IN ('pass', 'fail', 'inconclusive')),
            reason TEXT NOT NULL,
            digest TEXT NOT NULL,
            UNIQUE (runId, number),
            UNIQUE (runId, policy, variation, trialIndex),
            FOREIGN KEY (runId, variation, policy) REFERENCES policy (runId, variation, name),
            CHECK (outcome = 'pass' OR length(reason) > 0)
        ) STRICT
        """,
        """
        CREATE TABLE operation (
            id INTEGER PRIMARY KEY,
            trialId INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
            identifier TEXT NOT NULL,
            path TEXT NOT NULL,
            \(identityColumns),
            startedMicroseconds INTEGER NOT NULL,
            finishedMicroseconds INTEGER CHECK (finishedMicroseconds >= startedMicroseconds),
            outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'unfinished'))
        ) STRICT
        """,
        """
        CREATE TABLE fault (
            id INTEGER PRIMARY KEY,
            trialId INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
            rule TEXT NOT NULL,
            kind TEXT NOT NULL,
            \(identityColumns),
            ordinal INTEGER NOT NULL CHECK (ordinal > 0),
            requestId TEXT,
            atMicroseconds INTEGER NOT NULL
        ) STRICT
        """,
        attemptTable(named: "attempt", isBound: true, generation: .first),
        """
        CREATE TABLE observation (
            id INTEGER PRIMARY KEY,
            trialId INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
            atMicroseconds INTEGER NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL,
            message TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE violation (
            id INTEGER PRIMARY KEY,
            trialId INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
            invariant TEXT NOT NULL,
            subject TEXT NOT NULL,
            atMicroseconds INTEGER,
            evidence TEXT NOT NULL CHECK (length(evidence) > 0)
        ) STRICT
        """,
        """
        CREATE TABLE sample (
            id INTEGER PRIMARY KEY,
            trialId INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
            metric TEXT NOT NULL,
            subject TEXT NOT NULL,
            value REAL NOT NULL,
            isCensored INTEGER NOT NULL CHECK (isCensored IN (0, 1))
        ) STRICT
        """,
    ]

    /// What the table of attempts has been.
    enum AttemptGeneration {
        case first
        /// Also of subjects that record nothing themselves.
        case proxied
    }

    /// - Parameter isBound: With what holds an attempt to its trial; without it the columns by themselves, for the
    ///   benchmark of inserts.
    static func attemptTable(named name: String, isBound: Bool, generation: AttemptGeneration) -> String {
        func only(_ text: String) -> String { isBound ? text : "" }
        let layers = "'transport', 'call', 'requeue', 'reflector', 'workflow'"
        let (seen, more) =
            switch generation {
            case .first: ("", "")
            case .proxied:
                (
                    """
                    ,
                    userAgent TEXT, fieldManager TEXT,
                    upstreamStatus INTEGER \(only("CHECK (upstreamStatus BETWEEN 0 AND 999)")),
                    isChange INTEGER \(only("CHECK (isChange IN (0, 1))")),
                    objectName TEXT
                    """, ", 'subject'"
                )
            }
        return """
            CREATE TABLE \(name) (
                id INTEGER PRIMARY KEY,
                trialId INTEGER NOT NULL \(only("REFERENCES trial (id) ON DELETE CASCADE")),
                operationId INTEGER NOT NULL \(only("REFERENCES operation (id) ON DELETE CASCADE")),
                number INTEGER NOT NULL \(only("CHECK (number > 0)")),
                requestId TEXT NOT NULL,
                \(isBound
                    ? identityColumns
                    : #"verb TEXT NOT NULL, "group" TEXT NOT NULL, resource TEXT NOT NULL, subresource TEXT NOT NULL, "#
                        + "namespace TEXT NOT NULL, name TEXT NOT NULL"),
                startedMicroseconds INTEGER NOT NULL,
                durationMicroseconds INTEGER NOT NULL CHECK (durationMicroseconds >= 0),
                nameLookupMicroseconds INTEGER NOT NULL,
                connectMicroseconds INTEGER NOT NULL,
                tlsHandshakeMicroseconds INTEGER NOT NULL,
                firstByteMicroseconds INTEGER NOT NULL,
                totalMicroseconds INTEGER NOT NULL,
                httpStatus INTEGER NOT NULL \(only("CHECK (httpStatus BETWEEN 0 AND 999)")),
                curlCode INTEGER NOT NULL CHECK (curlCode >= 0),
                reason TEXT NOT NULL,
                message TEXT NOT NULL,
                classification TEXT \(only("CHECK (classification IN ('transient', 'permanent'))")),
                layer TEXT \(only("CHECK (layer IN (\(layers)\(more)))")),
                waitMicroseconds INTEGER CHECK (waitMicroseconds >= 0),
                faultId INTEGER \(only("REFERENCES fault (id) ON DELETE CASCADE"))\(seen)
                \(only(", CHECK ((classification IS NULL) = (waitMicroseconds IS NULL))"))
            ) STRICT
            """
    }

    private static let indexes = ["operation", "fault", "attempt", "observation", "violation", "sample"].map {
        "CREATE INDEX \($0)ByTrial ON \($0) (trialId)"
    }

    /// What a trial comes to stands in its own row, so that it can be counted where its details were not kept.
    private static let summaries = [
        "DROP VIEW trialView",
        "ALTER TABLE trial ADD COLUMN operations INTEGER NOT NULL DEFAULT 0 CHECK (operations >= 0)",
        "ALTER TABLE trial ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)",
        "ALTER TABLE trial ADD COLUMN faults INTEGER NOT NULL DEFAULT 0 CHECK (faults >= 0)",
        "ALTER TABLE trial ADD COLUMN violations INTEGER NOT NULL DEFAULT 0 CHECK (violations >= 0)",
        "ALTER TABLE trial ADD COLUMN historyDigest TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE trial ADD COLUMN isDetailed INTEGER NOT NULL DEFAULT 1 CHECK (isDetailed IN (0, 1))",
        """
        UPDATE trial SET
            operations = (SELECT count(*) FROM operation WHERE trialId = trial.id),
            attempts = (SELECT count(*) FROM attempt WHERE trialId = trial.id),
            faults = (SELECT count(*) FROM fault WHERE trialId = trial.id),
            violations = (SELECT count(*) FROM violation WHERE trialId = trial.id)
        """,
        """
        CREATE VIEW trialView AS
        SELECT run.identifier AS run, run.experiment, run.world, trial.*,
            (SELECT count(*) FROM sample WHERE trialId = trial.id AND metric = 'workflow.completion') AS workflows,
            (SELECT count(*) FROM sample WHERE trialId = trial.id AND metric = 'workflow.completion'
                AND NOT isCensored) AS workflowsSucceeded
        FROM trial JOIN run ON run.id = trial.runId
        """,
    ]

    /// The table is made anew, because SQLite changes no CHECK: of waits whose layer is the subject's own.
    private static let sightings =
        ["waitView", "conflictView", "attemptView"].map { "DROP VIEW \($0)" }
        + [
            attemptTable(named: "proxiedAttempt", isBound: true, generation: .proxied),
            """
            INSERT INTO proxiedAttempt SELECT *, NULL, NULL, NULL, NULL, NULL FROM attempt
            """,
            "DROP TABLE attempt",
            "ALTER TABLE proxiedAttempt RENAME TO attempt",
            "CREATE INDEX attemptByTrial ON attempt (trialId)",
        ] + views.filter { $0.hasPrefix("CREATE VIEW attemptView") || $0.hasPrefix("CREATE VIEW waitView") }
        + [
            """
            CREATE VIEW conflictView AS
            SELECT run, trial, policy, variation, operation, path, number, resource, namespace, name, message,
                classification, layer AS retriedBy, waitMicroseconds, gapToNextMicroseconds, userAgent, fieldManager
            FROM attemptView WHERE httpStatus = 409
            """
        ]

    /// With the index, one metric of a run of any size is read without a look at the others.
    private static let parts = [
        "ALTER TABLE sample ADD COLUMN breakdown TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX sampleByMetric ON sample (metric, breakdown, trialId, value, isCensored)",
        "ALTER TABLE run ADD COLUMN label TEXT NOT NULL DEFAULT ''",
    ]

    private static let views = [
        """
        CREATE VIEW trialView AS
        SELECT run.identifier AS run, run.experiment, run.world, trial.*,
            (SELECT count(*) FROM operation WHERE trialId = trial.id) AS operations,
            (SELECT count(*) FROM attempt WHERE trialId = trial.id) AS attempts,
            (SELECT count(*) FROM fault WHERE trialId = trial.id) AS faults,
            (SELECT count(*) FROM violation WHERE trialId = trial.id) AS violations,
            (SELECT count(*) FROM sample WHERE trialId = trial.id AND metric = 'workflow.completion') AS workflows,
            (SELECT count(*) FROM sample WHERE trialId = trial.id AND metric = 'workflow.completion'
                AND NOT isCensored) AS workflowsSucceeded
        FROM trial JOIN run ON run.id = trial.runId
        """,
        """
        CREATE VIEW attemptView AS
        SELECT run.identifier AS run, trial.number AS trial, trial.policy, trial.variation, trial.trialIndex,
            operation.identifier AS operation, operation.path, attempt.*, fault.rule AS faultRule,
            fault.kind AS faultKind,
            lead(attempt.startedMicroseconds) OVER following
                - attempt.startedMicroseconds - attempt.durationMicroseconds AS gapToNextMicroseconds
        FROM attempt
            JOIN operation ON operation.id = attempt.operationId
            JOIN trial ON trial.id = attempt.trialId
            JOIN run ON run.id = trial.runId
            LEFT JOIN fault ON fault.id = attempt.faultId
        WINDOW following AS (PARTITION BY attempt.operationId ORDER BY attempt.number)
        """,
        """
        CREATE VIEW conflictView AS
        SELECT run, trial, policy, variation, operation, path, number, resource, namespace, name, message,
            classification, layer AS retriedBy, waitMicroseconds, gapToNextMicroseconds
        FROM attemptView WHERE httpStatus = 409
        """,
        """
        CREATE VIEW waitView AS
        SELECT run.identifier AS run, trial.policy, trial.variation, attempt.layer, count(*) AS waits,
            sum(attempt.waitMicroseconds) AS waitMicroseconds, max(attempt.waitMicroseconds) AS waitMicrosecondsMax
        FROM attempt JOIN trial ON trial.id = attempt.trialId JOIN run ON run.id = trial.runId
        WHERE attempt.layer IS NOT NULL
        GROUP BY run.identifier, trial.policy, trial.variation, attempt.layer
        """,
    ]
}
