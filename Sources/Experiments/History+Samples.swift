import Determinism

extension History {
    /// The numbers that a trial gives; none of those about what it does not have.
    package var samples: [Sample] {
        completionSamples + cronSamples + cleanupSamples + lockSamples + (calls?.allSamples ?? requestSamples)
    }

    /// Of a subject whose requests are listed.
    private var requestSamples: [Sample] { RequestSamples(self).samples + stormSamples }

    private var cronSamples: [Sample] {
        guard observations.contains(where: { $0.kind == .cronTickDue || $0.kind == .cronRunCreated }) else { return [] }
        let ledger = CronLedger(self)
        return [
            Sample(.cronMissed, subject: "", value: Double(ledger.missed.count)),
            Sample(.cronDuplicates, subject: "", value: Double(ledger.duplicates)),
        ]
    }

    private var cleanupSamples: [Sample] {
        oldestCleanup.map { [Sample(.cleanupOldest, subject: "", value: $0.seconds)] } ?? []
    }

    /// Seconds from the first sight of a holder's wish to its permit; who never got one waits for ever.
    private var lockSamples: [Sample] {
        var asked: [[String]: Duration] = [:]
        var samples: [Sample] = []
        for observation in observations {
            switch observation.kind {
            case .lockAsked:
                let key = [observation.detail, observation.message]
                if asked[key] == nil { asked[key] = observation.at }
            case .permitHeld:
                guard let start = asked.removeValue(forKey: [observation.subject, observation.detail]) else { continue }
                samples.append(
                    Sample(.lockWait, subject: observation.detail, value: (observation.at - start).seconds))
            default: continue
            }
        }
        let waiting = asked.sorted {
            ($0.value, $0.key.joined(separator: " ")) < ($1.value, $1.key.joined(separator: " "))
        }
        return samples
            + waiting.map { key, start in
                Sample(.lockWait, subject: key[1], value: (ended - start).seconds, isCensored: true)
            }
    }
}
