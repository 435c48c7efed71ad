import CZlib

/// Takes the header blocks of one direction out of their zlib stream.
final class HeaderInflater {
    /// A block that grows beyond this is an attack.
    private static let blockBytesMax = 1 << 16

    private let stream: ZlibStream

    init() throws(SPDYError) { stream = try ZlibStream(begin: boreas_inflate_init, end: inflateEnd) }

    func inflate(_ block: [UInt8]) throws(SPDYError) -> [UInt8] {
        try stream.pass(block, bytesMax: Self.blockBytesMax) { stream in
            let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
            guard code == Z_NEED_DICT else { return code }
            let isKnown = ZlibStream.withDictionary { inflateSetDictionary(stream, $0, $1) } == Z_OK
            return isKnown ? CZlib.inflate(stream, Z_SYNC_FLUSH) : Z_DATA_ERROR
        }
    }
}

/// Puts the header blocks of one direction into a zlib stream.
final class HeaderDeflater {
    private let stream: ZlibStream

    init() throws(SPDYError) {
        stream = try ZlibStream(
            begin: { stream in
                let code = boreas_deflate_init(stream, Z_BEST_COMPRESSION)
                guard code == Z_OK else { return code }
                return ZlibStream.withDictionary { deflateSetDictionary(stream, $0, $1) }
            }, end: deflateEnd)
    }

    func deflate(_ block: [UInt8]) throws(SPDYError) -> [UInt8] {
        try stream.pass(block) { CZlib.deflate($0, Z_SYNC_FLUSH) }
    }
}

/// What both directions have in common: a state of zlib's, at one address from init to deinit, because zlib keeps it.
private final class ZlibStream {
    typealias State = UnsafeMutablePointer<z_stream>

    private let state: State
    private let end: (State?) -> CInt

    init(begin: (State?) -> CInt, end: @escaping (State?) -> CInt) throws(SPDYError) {
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
        self.end = end
        guard begin(state) == Z_OK else { throw .headerCompression }
    }

    deinit {
        _ = end(state)
        state.deallocate()
    }

    static func withDictionary(_ body: (UnsafePointer<UInt8>?, uInt) -> CInt) -> CInt {
        SPDYHeaderBlock.dictionary.withUnsafeBufferPointer { body($0.baseAddress, uInt($0.count)) }
    }

    /// All that comes out of a block, whose end is flushed.
    ///
    /// - Parameter step: One call of zlib, which takes and gives what it can.
    func pass(
        _ block: [UInt8], bytesMax: Int = .max, _ step: (State) -> CInt
    ) throws(SPDYError) -> [UInt8] {
        var input = block
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let isSound = input.withUnsafeMutableBufferPointer { input -> Bool in
            state.pointee.next_in = input.baseAddress
            state.pointee.avail_in = uInt(input.count)
            while true {
                let (code, count) = chunk.withUnsafeMutableBufferPointer { buffer in
                    state.pointee.next_out = buffer.baseAddress
                    state.pointee.avail_out = uInt(buffer.count)
                    return (step(state), buffer.count - Int(state.pointee.avail_out))
                }
                output += chunk.prefix(count)
                guard code == Z_OK || code == Z_BUF_ERROR, output.count <= bytesMax else { return false }
                if state.pointee.avail_in == 0, count < chunk.count { return true }
                if code == Z_BUF_ERROR { return false }
            }
        }
        guard isSound else { throw .headerCompression }
        return output
    }
}
