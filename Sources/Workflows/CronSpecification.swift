package import Kubernetes

/// What a CronWorkflow asks for, read and judged. What is not understood is refused by the name of its field.
package struct CronSpecification: Hashable, Sendable {
    package struct Unsupported: Error, Hashable, Sendable, CustomStringConvertible {
        /// `spec.schedules[1]`, say.
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    /// What becomes of a tick while runs of earlier ones go on.
    package enum Concurrency: String, Hashable, Sendable, CaseIterable {
        case allow = "Allow"
        /// The tick is skipped.
        case forbid = "Forbid"
        /// The earlier runs are stopped.
        case replace = "Replace"
    }

    private static let fields: Set<String> = [
        "concurrencyPolicy", "failedJobsHistoryLimit", "schedule", "schedules", "startingDeadlineSeconds",
        "stopStrategy", "successfulJobsHistoryLimit", "suspend", "timezone", "when", "workflowMetadata", "workflowSpec",
    ]

    package private(set) var timetable: CronTimetable
    /// The schedules as written, as Argo notes them in the annotation of the last used one.
    package private(set) var scheduleText: String
    package private(set) var concurrency: Concurrency
    package private(set) var isSuspended: Bool
    /// How long after its time a tick may be made up for; nil is not at all, and so is Argo's 0.
    package private(set) var startingDeadline: Duration?
    package private(set) var successfulLimit: Int
    package private(set) var failedLimit: Int
    /// Must be true of a tick for it to be run.
    package private(set) var when: String?
    /// Ends the CronWorkflow once it is true.
    package private(set) var stopExpression: String?
    package private(set) var workflowSpec: JSONObject
    /// Labels, annotations and finalizers of the runs.
    package private(set) var workflowMetadata: ObjectMeta
    /// The WorkflowTemplate that the runs refer to.
    package private(set) var template: ObjectKey?

    package init(_ cron: CronWorkflow) throws(Unsupported) {
        let name = cron.metadata.name
        if name.utf8.count > CronNames.longestName {
            throw Unsupported(
                field: "metadata.name", why: "has \(name.utf8.count) characters; use \(CronNames.longestName) at most")
        }
        let spec = cron.spec
        try Self.check(spec, fields: Self.fields, at: "spec")
        (timetable, scheduleText) = try Self.timetable(cron)
        concurrency = try Self.concurrency(spec["concurrencyPolicy"])
        isSuspended = try Self.value(spec["suspend"], \.bool, "true or false", at: "spec.suspend") ?? false
        startingDeadline = try Self.count(spec, "startingDeadlineSeconds").flatMap { $0 > 0 ? .seconds($0) : nil }
        successfulLimit = try Self.count(spec, "successfulJobsHistoryLimit") ?? 3
        failedLimit = try Self.count(spec, "failedJobsHistoryLimit") ?? 1
        when = try Self.value(spec["when"], \.string, "a string", at: "spec.when").flatMap { $0.isEmpty ? nil : $0 }
        stopExpression = try Self.stopExpression(spec["stopStrategy"])
        workflowMetadata = try Self.workflowMetadata(spec["workflowMetadata"])
        guard let workflowSpec = spec["workflowSpec"]?.object else {
            throw Unsupported(field: "spec.workflowSpec", why: "is required")
        }
        self.workflowSpec = workflowSpec
        template = try Self.template(workflowSpec["workflowTemplateRef"], namespace: cron.metadata.namespace ?? "")
    }

    private static func timetable(_ cron: CronWorkflow) throws(Unsupported) -> (CronTimetable, String) {
        let spec = cron.spec
        let zoneName = try value(spec["timezone"], \.string, "a string", at: "spec.timezone") ?? ""
        guard let zone = CronZone(zoneName) else {
            throw Unsupported(
                field: "spec.timezone", why: "there is no zone \"\(zoneName)\"; use a name such as Europe/Berlin")
        }
        let allowsSeconds = cron.metadata[annotation: CronNames.secondsAnnotation] == "true"
        var schedules: [CronSchedule] = []
        let texts = try scheduleTexts(spec)
        for (field, text) in texts {
            do {
                schedules.append(try CronSchedule(text, allowsSeconds: allowsSeconds))
            } catch {
                throw Unsupported(field: field, why: error.description)
            }
            if !zoneName.isEmpty, schedules.last?.zone != nil {
                throw Unsupported(field: field, why: "names a zone, and so does spec.timezone; leave one of them out")
            }
        }
        let epoch = Timestamp(microsecondsSinceEpoch: 0)
        let prefix = zoneName.isEmpty ? "" : "CRON_TZ=\(zoneName) "
        return (
            CronTimetable(schedules: schedules, zone: zone, anchor: cron.metadata.creationTimestamp ?? epoch),
            texts.map { prefix + $0.text }.joined(separator: ",")
        )
    }

    /// `schedules`, or `schedule`, which Argo had alone before v3.6 and does not have since v4.
    private static func scheduleTexts(_ spec: JSONObject) throws(Unsupported) -> [(field: String, text: String)] {
        let single = try value(spec["schedule"], \.string, "a string", at: "spec.schedule") ?? ""
        let several = try value(spec["schedules"], \.array, "a list", at: "spec.schedules") ?? []
        guard single.isEmpty || several.isEmpty else {
            throw Unsupported(field: "spec.schedule", why: "stands beside spec.schedules; use spec.schedules alone")
        }
        if !single.isEmpty { return [("spec.schedule", single)] }
        guard !several.isEmpty else { throw Unsupported(field: "spec.schedules", why: "needs at least one schedule") }
        var texts: [(field: String, text: String)] = []
        for (index, element) in several.enumerated() {
            let field = "spec.schedules[\(index)]"
            texts.append((field, try value(element, \.string, "a string", at: field) ?? ""))
        }
        return texts
    }

    private static func concurrency(_ json: JSONValue?) throws(Unsupported) -> Concurrency {
        let word = try value(json, \.string, "a string", at: "spec.concurrencyPolicy") ?? ""
        guard let concurrency = word.isEmpty ? .allow : Concurrency(rawValue: word) else {
            throw Unsupported(
                field: "spec.concurrencyPolicy", why: "\"\(word)\" is none of Allow, Forbid and Replace")
        }
        return concurrency
    }

    private static func stopExpression(_ json: JSONValue?) throws(Unsupported) -> String? {
        let field = "spec.stopStrategy"
        guard let strategy = try value(json, \.object, "an object", at: field) else { return nil }
        try check(strategy, fields: ["expression"], at: field)
        guard let text = strategy["expression"]?.string, !text.isEmpty else {
            throw Unsupported(field: "\(field).expression", why: "is required")
        }
        return text
    }

    private static func workflowMetadata(_ json: JSONValue?) throws(Unsupported) -> ObjectMeta {
        let field = "spec.workflowMetadata"
        let metadata = try value(json, \.object, "an object", at: field) ?? JSONObject()
        try check(metadata, fields: ["annotations", "finalizers", "labels"], at: field)
        return ObjectMeta(json: metadata)
    }

    private static func template(_ json: JSONValue?, namespace: String) throws(Unsupported) -> ObjectKey? {
        let field = "spec.workflowSpec.workflowTemplateRef"
        guard let reference = try value(json, \.object, "an object", at: field) else { return nil }
        try check(reference, fields: ["clusterScope", "name"], at: field)
        if reference["clusterScope"]?.bool == true {
            throw Unsupported(field: "\(field).clusterScope", why: "is not supported; use a WorkflowTemplate")
        }
        guard let name = reference["name"]?.string, !name.isEmpty else {
            throw Unsupported(field: "\(field).name", why: "is required")
        }
        return ObjectKey(namespace: namespace, name: name)
    }

    private static func count(_ spec: JSONObject, _ name: String) throws(Unsupported) -> Int? {
        let field = "spec.\(name)"
        guard let number = try value(spec[name], \.integer, "a whole number", at: field) else { return nil }
        guard (0...Int64(Int32.max)).contains(number) else {
            throw Unsupported(field: field, why: "is \(number); use 0 or more")
        }
        return Int(number)
    }

    /// - Returns: Nil where there is none.
    private static func value<Value>(
        _ json: JSONValue?, _ path: KeyPath<JSONValue, Value?>, _ expected: String, at field: String
    ) throws(Unsupported) -> Value? {
        guard let json, !json.isNull else { return nil }
        guard let value = json[keyPath: path] else {
            throw Unsupported(field: field, why: "is \(json.text), and not \(expected)")
        }
        return value
    }

    private static func check(_ json: JSONObject, fields: Set<String>, at place: String) throws(Unsupported) {
        for key in json.keys where !fields.contains(key) {
            throw Unsupported(field: "\(place).\(key)", why: "is not supported")
        }
    }
}
