import APIMachinery
import Kubernetes

/// Puts what the store answered into the form that the client asked for.
struct Presenter {
    let request: Router.StoreRequest

    /// The answer to a request that is no watch.
    func answer(_ response: ServerResponse, now: Timestamp) -> HTTPAnswer {
        var answer: HTTPAnswer
        if let failure = response.failure {
            answer = .failure(failure, isPretty: request.isPretty)
        } else {
            do throws(RequestBody.Refusal) {
                let body = try shaped(response.body, now: now)
                answer = .json(
                    response.code, body, isPretty: request.isPretty, contentType: request.presentation.contentType)
            } catch {
                answer = .failure(error.status, isPretty: request.isPretty)
            }
        }
        answer.addWarnings(response.warnings)
        return answer
    }

    /// One line of a watch's body.
    ///
    /// - Parameter isFirst: Whether it is the stream's first; a table's columns go with no other.
    func line(_ event: WatchEvent, isFirst: Bool, now: Timestamp) -> [UInt8] {
        var object = event.object
        if case .error = event {
            // A Status has one form only.
        } else if let table = request.table {
            object = table.json(object, hasColumns: isFirst, now: now)
        } else if request.presentation.shape != .whole {
            object = PartialMetadata.item(object)
        }
        let json: JSONValue = ["type": .string(event.type), "object": .object(object)]
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func shaped(_ body: JSONObject, now: Timestamp) throws(RequestBody.Refusal) -> JSONObject {
        if body["kind"] == "Status", body["apiVersion"] == "v1" { return body }
        let isList = body["items"]?.array != nil && (body["kind"]?.string ?? "").hasSuffix("List")
        switch request.presentation.shape {
        case .whole: return body
        case .table: return request.table?.json(body, now: now) ?? body
        case .partialMetadata where isList: throw Self.refusal("PartialObjectMetadata", "is a list", body)
        case .partialMetadata: return PartialMetadata.item(body)
        case .partialMetadataList where isList: return PartialMetadata.list(body)
        case .partialMetadataList: throw Self.refusal("PartialObjectMetadataList", "is not a list", body)
        }
    }

    private static func refusal(_ asked: String, _ problem: String, _ body: JSONObject) -> RequestBody.Refusal {
        RequestBody.Refusal(
            status: Status(
                code: 406, reason: Status.Reason.notAcceptable,
                message: "you requested \(asked), but the requested object \(problem)"
                    + " (*v1.\(body["kind"]?.string ?? ""))"))
    }
}
