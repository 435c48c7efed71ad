package import Kubernetes

/// One HTTP exchange for libcurl to perform.
package struct TransferRequest: Sendable {
    package var method: String
    package var url: String
    /// Whole header lines, `Accept: application/json`; without line breaks.
    package var headers: [String]
    package var body: [UInt8]?
    /// Bounds the transfer from its start to the last byte; nil leaves it unbounded.
    package var timeout: Duration?
    /// Ends a transfer in which no byte arrives for so long (in whole seconds, at least one); nil never does.
    package var idleLimit: Duration?
    package var settings: TransferSettings

    package init(
        method: String = "GET", url: String, headers: [String] = [], body: [UInt8]? = nil, timeout: Duration? = nil,
        idleLimit: Duration? = nil, settings: TransferSettings = TransferSettings()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.idleLimit = idleLimit
        self.settings = settings
    }
}

/// How a transfer reaches its server; transfers with equal settings share connections.
package struct TransferSettings: Hashable, Sendable {
    package var tls: TLSMaterial
    /// Bounds name lookup, connecting and the TLS handshake; 30 s is client-go's dial timeout.
    package var connectTimeout: Duration = .seconds(30)
    package var proxy: ProxyChoice = .environment
    /// `name:port:address:port`: where to connect in place of the URL's own host (`CURLOPT_CONNECT_TO`).
    package var connectTo: String?
    package var acceptsCompressedAnswers = false
    package var userAgent = "boreas"
    /// Ends a transfer whose answer is longer, so that no server can exhaust the client's memory.
    package var responseBytesMax = 256 << 20
    /// How much of a stream may wait for its reader before the transfer is paused.
    package var streamBytesMax = 1 << 20

    package init(tls: TLSMaterial = TLSMaterial()) { self.tls = tls }

    package enum ProxyChoice: Hashable, Sendable {
        case direct
        /// What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
        case environment
        case url(String)
    }
}

/// What a client needs for TLS, as PEM.
package struct TLSMaterial: Hashable, Sendable {
    /// Certificates to trust; nil trusts the system's.
    package var certificateAuthority: [UInt8]?
    package var clientCertificate: [UInt8]?
    package var clientKey: [UInt8]?
    /// Accepts any certificate for any name.
    package var skipsVerification: Bool

    package init(
        certificateAuthority: [UInt8]? = nil, clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil,
        skipsVerification: Bool = false
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.skipsVerification = skipsVerification
    }
}

/// The status line and header fields of an answer.
package struct ResponseHead: Hashable, Sendable {
    package var status: Int
    /// The header lines as they came, each with its line end.
    private var lines: [UInt8] = []

    package init(status: Int, lines: [UInt8] = []) {
        self.status = status
        self.lines = lines
    }

    package mutating func append(line: some Sequence<UInt8>) { lines += line }

    /// The first value of a field; names are compared without regard to case (RFC 9110, 5.1).
    package func field(_ name: String) -> String? {
        let wanted = Array(name.utf8)
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line.startIndex + wanted.count == colon,
                zip(line[..<colon], wanted).allSatisfy({ Self.lowercased($0) == Self.lowercased($1) })
            else { continue }
            var value = line[line.index(after: colon)...]
            while let byte = value.first, Self.isSpace(byte) { value.removeFirst() }
            while let byte = value.last, Self.isSpace(byte) { value.removeLast() }
            return String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}

/// What came of a transfer, in libcurl's terms.
package struct TransferOutcome: Sendable {
    /// `CURLcode`; 0 is success.
    package var curlCode = 0
    /// The system's error number, where the socket failed; 0 where it did not.
    package var systemError: Int32 = 0
    /// libcurl's own words for the failure.
    package var detail = ""
    /// Nil where no answer came, or none that began.
    package var head: ResponseHead?
    /// Empty for streams, which hand over their bytes as they come.
    package var body: [UInt8] = []
    /// The transfer was stopped by its caller, or with its multiplexer.
    package var isCancelled = false
    /// libcurl wanted to send the request once more on another connection, and was kept from it.
    package var isReplayRefused = false
    /// Whether any part of the request was given to a connection.
    package var wasSent = false
    /// Whether the request was given to a connection to its last byte.
    package var wasSentWhole = false
    /// Whether more came than `responseBytesMax`.
    package var isTooLong = false
    /// Connections opened for the transfer; 0 where it reused one.
    package var connectionsOpened = 0
    package var timings = TransferTimings()

    package init() {}
}
