extension RetryBudget.Parameters: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case throttle, share, quota, adaptive }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let given: [Self] = [
            try container.decodeIfPresent(RetryBudget.Throttle.self, forKey: .throttle).map(Self.throttle),
            try container.decodeIfPresent(RetryBudget.Share.self, forKey: .share).map(Self.share),
            try container.decodeIfPresent(RetryBudget.Quota.self, forKey: .quota).map(Self.quota),
            try container.decodeIfPresent(RetryBudget.Adaptive.self, forKey: .adaptive).map(Self.adaptive),
        ].compactMap(\.self)
        guard let only = given.first, given.count == 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: container.codingPath,
                    debugDescription: "give one of throttle, share, quota and adaptive"))
        }
        if let problem = only.problem {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: container.codingPath, debugDescription: problem))
        }
        self = only
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .throttle(let throttle): try container.encode(throttle, forKey: .throttle)
        case .share(let share): try container.encode(share, forKey: .share)
        case .quota(let quota): try container.encode(quota, forKey: .quota)
        case .adaptive(let adaptive): try container.encode(adaptive, forKey: .adaptive)
        }
    }

    /// Why no budget can be made of these numbers.
    private var problem: String? {
        switch self {
        case .throttle(let throttle):
            (1...1_000).contains(throttle.tokensMax) && throttle.ratio >= 0.001 && throttle.ratio <= 1_000
                ? nil : "tokensMax goes from 1 to 1000, and ratio from 0.001 to 1000"
        case .share(let share):
            (0...1_000).contains(share.share) && (0...1_000_000).contains(share.perSecondMin)
                && share.window >= .milliseconds(10) && share.window <= .seconds(86_400)
                ? nil
                : "share goes from 0 to 1000, perSecondMin from 0 to 1000000, and window from 10ms to 24h"
        case .quota(let quota):
            [quota.capacity, quota.throttlingCost, quota.transientCost, quota.firstTryGain].allSatisfy {
                (0...1_000_000_000).contains($0)
            } ? nil : "capacity, costs and gain go from 0 to 1000000000"
        case .adaptive(let adaptive):
            (1...1_000).contains(adaptive.multiplier) && adaptive.window >= .milliseconds(10)
                && adaptive.window <= .seconds(86_400)
                ? nil : "multiplier goes from 1 to 1000, and window from 10ms to 24h"
        }
    }
}
