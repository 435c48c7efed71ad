extension Schema {
    /// The views that results/README.md documents, and the indexes that let them look at one trial without the others.
    ///
    /// None of them has a window function or a GROUP BY unless it sums up, so that SQLite takes each apart where it is
    /// used: whatever a question asks of `run`, `trial` or `policy` narrows down the tables beneath.
    static let answers: [String] =
        ["conflictView", "waitView", "attemptView", "trialView"].map { "DROP VIEW \($0)" }
        + [
            // The same name: as before, it finds a trial's attempts, and now those of one operation by their numbers too.
            "DROP INDEX attemptByTrial",
            "CREATE INDEX attemptByTrial ON attempt (trialId, operationId, number)",
            "CREATE INDEX attemptByFault ON attempt (faultId) WHERE faultId IS NOT NULL",
        ] + ofRuns + ofTrials + ofRequests + ofMoments

    /// What tells of a row which trial it belongs to.
    private static let place = "run.identifier AS run, trial.number AS trial, trial.policy, trial.variation"

    /// - Parameter table: One with a column `trialId`.
    private static func joined(_ table: String) -> String {
        "JOIN trial ON trial.id = \(table).trialId JOIN run ON run.id = trial.runId"
    }

    /// The request that a row is about.
    private static func identity(of table: String) -> String {
        ["verb", "\"group\"", "resource", "subresource", "namespace", "name"].map { "\(table).\($0)" }
            .joined(separator: ", ")
    }

    private static let ofRuns = [
        """
        CREATE VIEW runView AS
        SELECT run.identifier AS run, run.label, run.experiment, run.world, run.seed, run.trialsPlanned,
            (SELECT count(*) FROM trial WHERE runId = run.id) AS trialsFinished,
            run.outcome, run.startedEpochMicroseconds, run.finishedEpochMicroseconds,
            datetime(run.startedEpochMicroseconds / 1000000, 'unixepoch') AS startedUTC,
            run.serverVersion, run.boreasVersion,
            run.id = (SELECT id FROM run ORDER BY startedEpochMicroseconds DESC, id DESC LIMIT 1) AS isLatest
        FROM run
        """,
        // The sums stand one level below the shares, since SQLite would count each anew wherever it is named.
        """
        CREATE VIEW cellView AS
        SELECT run, label, experiment, world, policy, variation, trials, passed, failed, inconclusive, workflows,
            workflowsSucceeded,
            CASE
                WHEN workflows > 0 THEN 1.0 * workflowsSucceeded / workflows
                WHEN operations > 0 THEN 1.0 * operationsSucceeded / operations
            END AS successShare,
            operations, attempts, 1.0 * attempts / nullif(operations, 0) AS attemptsPerOperation, faults, violations,
            startedEpochMicroseconds
        FROM (
            SELECT run, label, experiment, world, policy, variation, count(*) AS trials,
                sum(outcome = 'pass') AS passed, sum(outcome = 'fail') AS failed,
                sum(outcome = 'inconclusive') AS inconclusive,
                sum(workflows) AS workflows, sum(workflowsSucceeded) AS workflowsSucceeded,
                sum(operations) AS operations, sum(operationsSucceeded) AS operationsSucceeded,
                sum(attempts) AS attempts, sum(faults) AS faults, sum(violations) AS violations,
                min(startedEpochMicroseconds) AS startedEpochMicroseconds
            FROM trialView GROUP BY run, policy, variation
        )
        """,
    ]

    /// Of a trial that has it, the whole of a metric; else null.
    private static func sample(_ metric: String) -> String {
        "(SELECT CAST(value AS INTEGER) FROM \(samples(metric)) LIMIT 1)"
    }

    private static func samples(_ metric: String) -> String {
        "sample INDEXED BY sampleByMetric WHERE metric = '\(metric)' AND breakdown = '' AND trialId = trial.id"
    }

    private static let ofTrials = [
        // Of clients that are the subject themselves, requests are counted and not listed, and the counts are samples.
        """
        CREATE VIEW trialView AS
        SELECT run.identifier AS run, run.experiment, run.world, run.label, trial.number AS trial,
            trial.id, trial.runId, trial.number, trial.policy, trial.variation, trial.trialIndex, trial.seed,
            trial.startedEpochMicroseconds, trial.durationMicroseconds, trial.outcome, trial.reason, trial.digest,
            trial.historyDigest, trial.isDetailed,
            coalesce(\(sample("operations")), trial.operations) AS operations,
            \(sample("operations.succeeded")) AS operationsSucceeded,
            coalesce(\(sample("attempts")), trial.attempts) AS attempts,
            coalesce(\(sample("faults")), trial.faults) AS faults, trial.violations,
            (SELECT count(*) FROM \(samples("workflow.completion"))) AS workflows,
            (SELECT count(*) FROM \(samples("workflow.completion")) AND NOT isCensored) AS workflowsSucceeded,
            'boreas replay ' || run.identifier || '/' || trial.number AS replay
        FROM trial JOIN run ON run.id = trial.runId
        """,
        """
        CREATE VIEW metricView AS
        SELECT \(place), run.label, run.experiment, trial.trialIndex, trial.seed, sample.metric, sample.breakdown,
            sample.subject, sample.value, sample.isCensored
        FROM sample \(joined("sample"))
        """,
        """
        CREATE VIEW violationView AS
        SELECT \(place), trial.seed, violation.invariant, violation.subject, violation.atMicroseconds,
            violation.evidence, 'boreas replay ' || run.identifier || '/' || trial.number AS replay
        FROM violation \(joined("violation"))
        """,
        """
        CREATE VIEW phaseView AS
        SELECT \(place), phase.subject AS phase, phase.atMicroseconds AS startedMicroseconds,
            coalesce(
                (SELECT min(atMicroseconds) FROM observation AS later WHERE later.trialId = phase.trialId
                    AND later.kind = 'phaseEntered' AND later.atMicroseconds > phase.atMicroseconds),
                trial.durationMicroseconds) AS endedMicroseconds,
            phase.trialId
        FROM observation AS phase \(joined("phase"))
        WHERE phase.kind = 'phaseEntered'
        """,
    ]

    private static let ofRequests = [
        """
        CREATE VIEW operationView AS
        SELECT \(place), operation.identifier AS operation, operation.path, \(identity(of: "operation")),
            operation.startedMicroseconds, operation.finishedMicroseconds,
            operation.finishedMicroseconds - operation.startedMicroseconds AS durationMicroseconds, operation.outcome,
            (SELECT count(*) FROM attempt WHERE trialId = trial.id AND operationId = operation.id) AS attempts,
            (SELECT sum(waitMicroseconds) FROM attempt WHERE trialId = trial.id AND operationId = operation.id)
                AS waitMicroseconds,
            operation.trialId
        FROM operation \(joined("operation"))
        """,
        """
        CREATE VIEW attemptView AS
        SELECT \(place), trial.trialIndex, operation.identifier AS operation, operation.path, attempt.*,
            fault.rule AS faultRule, fault.kind AS faultKind,
            (SELECT next.startedMicroseconds FROM attempt AS next WHERE next.trialId = attempt.trialId
                AND next.operationId = attempt.operationId AND next.number > attempt.number
                ORDER BY next.number LIMIT 1)
                - attempt.startedMicroseconds - attempt.durationMicroseconds AS gapToNextMicroseconds,
            (trial.startedEpochMicroseconds + attempt.startedMicroseconds) / 1e6 AS startedEpochSeconds
        FROM attempt
            JOIN operation ON operation.id = attempt.operationId
            \(joined("attempt"))
            LEFT JOIN fault ON fault.id = attempt.faultId
        """,
        """
        CREATE VIEW conflictView AS
        SELECT run, trial, policy, variation, operation, path, number, resource, namespace, name, message,
            classification, layer AS retriedBy, waitMicroseconds, gapToNextMicroseconds, userAgent, fieldManager
        FROM attemptView WHERE httpStatus = 409
        """,
        """
        CREATE VIEW retryView AS
        SELECT \(place), operation.identifier AS operation, operation.path, retry.number - 1 AS retry, retry.requestId,
            previous.httpStatus, previous.curlCode, previous.reason, previous.classification, previous.layer,
            previous.waitMicroseconds,
            retry.startedMicroseconds - previous.startedMicroseconds - previous.durationMicroseconds
                AS gapMicroseconds,
            max(0, previous.waitMicroseconds
                - (retry.startedMicroseconds - previous.startedMicroseconds - previous.durationMicroseconds))
                AS earlyMicroseconds,
            retry.startedMicroseconds, retry.httpStatus AS retryHttpStatus, retry.curlCode AS retryCurlCode
        FROM attempt AS retry
            JOIN attempt AS previous ON previous.trialId = retry.trialId
                AND previous.operationId = retry.operationId AND previous.number = retry.number - 1
            JOIN operation ON operation.id = retry.operationId
            \(joined("retry"))
        """,
        """
        CREATE VIEW waitView AS
        SELECT run.identifier AS run, trial.policy, trial.variation, attempt.layer, count(*) AS waits,
            sum(attempt.waitMicroseconds) AS waitMicroseconds, max(attempt.waitMicroseconds) AS waitMicrosecondsMax
        FROM attempt \(joined("attempt"))
        WHERE attempt.layer IS NOT NULL
        GROUP BY run.identifier, trial.policy, trial.variation, attempt.layer
        """,
        """
        CREATE VIEW faultView AS
        SELECT \(place), fault.rule, fault.kind, \(identity(of: "fault")), fault.ordinal, fault.atMicroseconds,
            attempt.requestId, attempt.httpStatus, attempt.curlCode, attempt.classification, attempt.layer,
            attempt.waitMicroseconds, operation.identifier AS operation, operation.path,
            operation.outcome AS operationOutcome,
            operation.finishedMicroseconds - fault.atMicroseconds AS toOperationEndMicroseconds, fault.trialId
        FROM fault
            \(joined("fault"))
            LEFT JOIN attempt ON attempt.faultId = fault.id
            LEFT JOIN operation ON operation.id = attempt.operationId
        """,
    ]

    /// All that a trial's tables tell, on its clock. What takes time stands at its beginning.
    private static let ofMoments = [
        """
        CREATE VIEW timelineView AS
        SELECT \(place), operation.startedMicroseconds AS atMicroseconds,
            operation.finishedMicroseconds - operation.startedMicroseconds AS durationMicroseconds,
            'operation' AS record, operation.identifier AS subject,
            operation.path || ': ' || operation.verb || ' ' || operation.resource
                || iif(operation.subresource = '', '', '/' || operation.subresource)
                || iif(operation.name = '', '', ' ' || operation.name) AS event,
            operation.outcome AS detail
        FROM operation \(joined("operation"))
        UNION ALL
        SELECT \(place), attempt.startedMicroseconds, attempt.durationMicroseconds, 'attempt', attempt.requestId,
            attempt.verb || ' ' || attempt.resource
                || iif(attempt.subresource = '', '', '/' || attempt.subresource)
                || iif(attempt.name = '', '', ' ' || attempt.name),
            iif(attempt.httpStatus = 0, 'no answer', attempt.httpStatus)
                || iif(attempt.reason = '', '', ' ' || attempt.reason)
                || iif(attempt.message = '', '', ': ' || attempt.message)
                || iif(attempt.layer IS NULL, '',
                    '; ' || attempt.layer || ' waits ' || attempt.waitMicroseconds || ' µs')
        FROM attempt \(joined("attempt"))
        UNION ALL
        SELECT \(place), fault.atMicroseconds, NULL, 'fault', coalesce(fault.requestId, ''),
            fault.rule || ': ' || fault.kind, fault.verb || ' ' || fault.resource || ' #' || fault.ordinal
        FROM fault \(joined("fault"))
        UNION ALL
        SELECT \(place), observation.atMicroseconds, NULL, 'observation', observation.subject, observation.kind,
            observation.detail || iif(observation.message = '', '', ': ' || observation.message)
        FROM observation \(joined("observation"))
        UNION ALL
        SELECT \(place), violation.atMicroseconds, NULL, 'violation', violation.subject, violation.invariant,
            violation.evidence
        FROM violation \(joined("violation"))
        """
    ]
}
