import Determinism
import Kubernetes
import Testing

struct JSONObjectTests {
    @Test("an object holds what a dictionary would, in the order of the keys", arguments: 1...20)
    func model(seed: Int) {
        var generator = RandomStreams(seed: UInt64(seed)).stream("json")
        var object = JSONObject()
        var model: [String: JSONValue] = [:]
        for step in 0..<400 {
            let key = "key-\(Int.random(in: 0..<40, using: &generator))"
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                object[key] = nil
                model[key] = nil
            default:
                object[key] = .integer(Int64(step))
                model[key] = .integer(Int64(step))
            }
            #expect(object[key] == model[key])
        }
        #expect(object.map(\.key) == model.keys.sorted())
        #expect(object.map(\.value) == model.sorted { $0.key < $1.key }.map(\.value))
        #expect(object == JSONObject(uniqueKeysWithValues: model.map { ($0.key, $0.value) }))
    }

    @Test("of members with one key the last stands")
    func duplicates() {
        #expect(JSONObject(uniqueKeysWithValues: [("b", 1), ("a", 2), ("b", 3)]) == ["a": 2, "b": 3])
    }

    @Test("a member is changed in place: set, replaced, and removed")
    func modification() {
        var object: JSONObject = ["a": 1, "c": 3]
        func change(_ value: inout JSONValue?, to new: JSONValue?) { value = new }
        change(&object["b"], to: 2)
        change(&object["a"], to: "x")
        change(&object["c"], to: nil)
        change(&object["d"], to: nil)
        #expect(object == ["a": "x", "b": 2])
    }

    @Test("a path makes the objects on its way, and removing leaves them")
    func paths() {
        var object: JSONObject = ["text": "t"]
        object["a", "b"] = 1
        object["a", "c", "d"] = 2
        object["a", "c", "e", "f"] = 3
        object["text", "in"] = 4
        object["a", "b"] = nil
        object["a", "c", "e", "f"] = nil
        object["none", "at", "all"] = nil
        object["a", "b", "c"] = nil
        #expect(object == ["a": ["c": ["d": 2, "e": [:]]], "text": ["in": 4]])
        #expect(object["a", "c", "d"] == 2)
        #expect(object["a", "d", "c"] == nil)
    }

    @Test("labels are set and removed one by one; the last one takes the member with it")
    func labels() {
        var meta = ObjectMeta(json: ["name": "n"])
        meta[label: "a"] = "1"
        meta[label: "b"] = "2"
        #expect(meta.labels == ["a": "1", "b": "2"])
        #expect(meta[label: "b"] == "2")
        meta[label: "a"] = nil
        meta[label: "b"] = nil
        meta[annotation: "none"] = nil
        #expect(meta.json == ["name": "n"])
    }
}
