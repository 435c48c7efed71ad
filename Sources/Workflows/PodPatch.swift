package import Kubernetes

/// A `podSpecPatch`: a strategic merge patch of a pod's spec, in JSON or in YAML's plain block style.
package struct PodPatch {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let json: JSONObject

    package init(_ text: String) throws(Failure) {
        do throws(BlockText.Failure) {
            let isJSON = text.drop(while: \.isWhitespace).first == "{"
            let value = isJSON ? try? JSONValue(parsing: Array(text.utf8)) : try BlockText.value(of: text)
            guard let json = value?.object else {
                throw BlockText.Failure(line: 1, why: "does not begin an object")
            }
            self.json = json
        } catch {
            throw Failure(
                description: "must be an object in JSON or in YAML's plain block style: line \(error.line) "
                    + error.why)
        }
    }

    package func applied(to spec: JSONObject) throws(Failure) -> JSONObject {
        let pod: JSONObject = ["spec": .object(spec)]
        do throws(PatchError) {
            let schema = ObjectSchema.builtIn["Pod"]
            return try pod.applying(strategicMerge: ["spec": .object(json)], schema: schema)["spec"]?.object ?? spec
        } catch {
            throw Failure(description: error.message)
        }
    }
}
