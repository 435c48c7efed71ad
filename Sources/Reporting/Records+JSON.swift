import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience

extension Duration {
    fileprivate var json: JSONValue { .integer(microseconds) }
}

extension OperationRecord {
    var json: JSONValue {
        [
            "id": .string(id), "path": .string(path), "request": .string(identity.description),
            "startedMicroseconds": started.json, "finishedMicroseconds": finished?.json ?? .null,
            "outcome": .string(outcome.rawValue),
        ]
    }
}

extension AttemptRecord {
    func json(_ injections: [Injection]) -> JSONValue {
        let rule = injection.flatMap { injections.indices.contains($0) ? injections[$0].rule : nil }
        var json: JSONObject = [
            "operation": .string(exchange.trace.operation), "number": .integer(Int64(exchange.trace.attempt)),
            "request": .string(exchange.identity.description), "startedMicroseconds": exchange.started.json,
            "durationMicroseconds": exchange.duration.json, "httpStatus": .integer(Int64(exchange.httpStatus)),
            "curlCode": .integer(Int64(exchange.curlCode)), "reason": .string(exchange.reason),
            "message": .string(exchange.message),
            "classification": (decision?.classification.rawValue).map(JSONValue.string) ?? .null,
            "layer": (decision?.layer?.rawValue).map(JSONValue.string) ?? .null,
            "waitMicroseconds": decision?.wait.json ?? .null, "fault": rule.map(JSONValue.string) ?? .null,
        ]
        if let seen {
            json["userAgent"] = .string(seen.userAgent)
            json["fieldManager"] = .string(seen.fieldManager)
            json["upstreamStatus"] = .integer(Int64(seen.upstreamStatus))
            json["isChange"] = seen.isChange.map(JSONValue.bool) ?? .null
            json["objectName"] = seen.objectName.map(JSONValue.string) ?? .null
        }
        return .object(json)
    }
}

extension Injection {
    var json: JSONValue {
        [
            "rule": .string(rule), "kind": .string(kind.rawValue), "request": .string(identity.description),
            "ordinal": .integer(Int64(ordinal)), "requestId": requestID.map(JSONValue.string) ?? .null,
            "atMicroseconds": at.json,
        ]
    }
}

extension Observation {
    var json: JSONValue {
        [
            "atMicroseconds": at.json, "kind": .string(kind.rawValue), "subject": .string(subject),
            "detail": .string(detail), "message": .string(message),
        ]
    }
}
