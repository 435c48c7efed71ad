import Kubernetes
import NIOCore

/// Joins the events of each object into what a client would see that looked only at the end.
enum WatchCompaction {
    private struct Fate {
        /// Whether the client knew the object before.
        var wasThere: Bool
        /// The event that told of the end of the object that the client knew.
        var deletion: Int?
        var last: Int
    }

    /// The events that are left, in their order, and whether they are fewer than there were.
    static func compact(_ frames: [WatchFrame]) -> (kept: [ByteBuffer], isShorter: Bool) {
        let names = frames.map(\.objectName)
        var fates: [String: Fate] = [:]
        for (index, frame) in frames.enumerated() {
            guard let name = names[index] else { continue }
            var fate = fates[name] ?? Fate(wasThere: frame.change != .added, last: index)
            if frame.change == .deleted, fate.wasThere, fate.deletion == nil { fate.deletion = index }
            fate.last = index
            fates[name] = fate
        }
        let kept: [ByteBuffer] = frames.enumerated().compactMap { index, frame in
            guard let name = names[index], let fate = fates[name] else { return frame.bytes }
            guard index == fate.last else { return index == fate.deletion ? frame.bytes : nil }
            switch frame.change {
            case .deleted:
                // One deletion is enough; a second one is that of an object that came and went.
                return fate.deletion == index ? frame.bytes : nil
            case .modified where !fate.wasThere || fate.deletion != nil: return frame.asAdded
            default: return frame.bytes
            }
        }
        return (kept, kept.count < frames.count)
    }
}

extension WatchFrame {
    /// Whose event it is; nil for one of no object.
    fileprivate var objectName: String? {
        guard change.isOfObject, let metadata = object?["metadata"]?.object, let name = metadata["name"]?.string
        else { return nil }
        return "\(metadata["namespace"]?.string ?? "")/\(name)"
    }
}
