/// The headers of a stream before compression: a count, and for each header two strings with their lengths.
enum SPDYHeaderBlock {
    static func encode(_ headers: [SPDYHeader]) -> [UInt8] {
        var bytes = number(headers.count)
        for header in headers {
            bytes += number(header.name.utf8.count) + header.name.utf8
            bytes += number(header.value.utf8.count) + header.value.utf8
        }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) throws(SPDYError) -> [SPDYHeader] {
        var rest = bytes[...]
        func number() throws(SPDYError) -> Int {
            guard rest.count >= 4 else { throw .headerCompression }
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
        func string() throws(SPDYError) -> String {
            let length = try number()
            guard rest.count >= length else { throw .headerCompression }
            defer { rest = rest.dropFirst(length) }
            return String(decoding: rest.prefix(length), as: UTF8.self)
        }
        let count = try number()
        var headers: [SPDYHeader] = []
        for _ in 0..<count { headers.append(SPDYHeader(try string(), try string())) }
        return headers
    }

    private static func number(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// What both sides give zlib to begin with (SPDY/3, 2.6.10.1).
    static let dictionary: [UInt8] = words.flatMap { number($0.utf8.count) + $0.utf8 } + rest.utf8

    private static let words = [
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
        "accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection",
        "content-base", "content-encoding", "content-language", "content-length", "content-location",
        "content-md5", "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified",
        "location", "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer",
        "retry-after", "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via",
        "warning", "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public",
        "set-cookie", "keep-alive", "origin",
    ]

    private static let rest =
        "10010120120220520630030230330430530630740240540640740840941041141241341441541641750250450520"
        + "3 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unautho"
        + "rized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unava"
        + "ilableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat"
        + ", Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+"
        + "xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=is"
        + "o-8859-1,utf-,*,enq=0."
}
