// SPDX-License-Identifier: Apache-2.0

// What the tests of QuickLZ share: the manifest's own fields, and packets one after the other through either decoder.

import Foundation
import TestSupport

@testable import CodecKit

/// A vector with the fields that only QuickLZ has.
struct QuickLZVector: Sendable, CustomStringConvertible {
  let id: String
  let kind: String
  let file: String
  let expect: String
  let reason: String?
  let streamingBuffer: Int
  let level: Int?
  let writer: String
  let packetInput: Int
  let size: Int?
  let sha256: String?
  let input: String?
  let entries: [Entry]

  struct Entry: Hashable, Sendable {
    var path: String
    var isDirectory: Bool
    var size: Int
    var sha256: String
  }

  var description: String { id }

  static let folder = Vectors.packageRoot.appendingPathComponent("fixtures/vectors/quicklz")

  static let all: [QuickLZVector] = {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json")),
      let top = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return [] }
    return (top["vectors"] as? [[String: Any]] ?? []).compactMap(QuickLZVector.init)
  }()

  private init?(_ fields: [String: Any]) {
    guard let id = fields["id"] as? String, let kind = fields["kind"] as? String,
      let file = fields["file"] as? String, let expect = fields["expect"] as? String
    else { return nil }
    self.id = id
    self.kind = kind
    self.file = file
    self.expect = expect
    reason = fields["reason"] as? String
    streamingBuffer = fields["streamingBuffer"] as? Int ?? 0
    level = fields["level"] as? Int
    writer = fields["writer"] as? String ?? ""
    packetInput = fields["packetInput"] as? Int ?? 0
    size = fields["size"] as? Int
    sha256 = fields["sha256"] as? String
    input = fields["input"] as? String
    entries = (fields["entries"] as? [[String: Any]] ?? []).map {
      Entry(
        path: $0["path"] as? String ?? "", isDirectory: $0["dir"] as? Bool ?? false, size: $0["size"] as? Int ?? 0,
        sha256: $0["sha256"] as? String ?? "")
    }
  }

  func bytes() throws -> [UInt8] { try Self.bytes(file) }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
  }
}

/// What became of packets: the content of those before the first that was refused, and why it was.
struct QuickLZOutcome: Equatable {
  var content: [UInt8] = []
  var fault: String?
}

enum QuickLZTrial {
  /// Decodes packets with the library's decoder.
  static func fast(_ input: [UInt8], streamingBuffer: Int) -> QuickLZOutcome {
    let decoder = QuickLZPacketDecoder(streamingBuffer: streamingBuffer)
    return fast(input, with: decoder)
  }

  static func fast(_ input: [UInt8], with decoder: QuickLZPacketDecoder) -> QuickLZOutcome {
    var outcome = QuickLZOutcome()
    var offset = 0
    while offset < input.count {
      let rest = unsafe input.span.bytes.extracting(offset..<input.count)
      let header: QuickLZHeader
      do { header = try QuickLZHeader(rest) } catch {
        outcome.fault = error.rawValue
        return outcome
      }
      var problem: (fault: QuickLZFault, offset: Int)?
      // Room is not made for what a header only claims.
      let isComplete = rest.byteCount >= header.packetSize
      let content = unsafe [UInt8](unsafeUninitializedCapacity: isComplete ? header.contentSize : 0) { memory, count in
        var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(memory), initializedCount: 0)
        problem = decoder.decode(rest, header, into: &output)
        count = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(memory))
      }
      if let problem {
        outcome.fault = problem.fault.rawValue
        return outcome
      }
      outcome.content += content
      offset += header.packetSize
    }
    return outcome
  }

  /// Decodes packets with the naive decoder.
  static func naive(_ input: [UInt8], streamingBuffer: Int) -> QuickLZOutcome {
    var decoder = NaiveQuickLZDecoder(streamingBuffer: streamingBuffer)
    var outcome = QuickLZOutcome()
    var offset = 0
    while offset < input.count {
      let size = NaiveQuickLZDecoder.packetSize(input[offset...]) ?? input.count
      let end = size > QuickLZHeader.size(firstByte: input[offset]) ? min(offset + size, input.count) : input.count
      do throws(NaiveQuickLZDecoder.Fault) {
        outcome.content += try decoder.decode(Array(input[offset..<end]))
      } catch {
        outcome.fault = error.name
        return outcome
      }
      offset = end
    }
    return outcome
  }
}
