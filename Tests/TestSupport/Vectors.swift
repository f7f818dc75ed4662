// SPDX-License-Identifier: Apache-2.0

// Streams that other programs wrote, and what must become of them: `fixtures/vectors/<format>/manifest.json`.

private import CodecKit
public import Foundation

/// The vectors of one format.
public struct Vectors: Sendable {
  /// One file and what to expect of it.
  public struct Vector: Sendable, CustomStringConvertible {
    /// The file's name in the format's folder.
    public let file: String
    /// `ok`, `reject`, `ok-with-warning`, `policy`, `limit` and others, as the manifest says.
    public let expect: String
    /// How many bytes come of it, when the manifest says.
    public let outputSize: Int?
    /// The SHA-256 of what comes of it, when the manifest says.
    public let outputSHA256: String?
    /// The file with the dictionary that it needs.
    public let dictionary: String?
    /// A remark.
    public let note: String?
    /// Everything else that is text: `made_by`, `reason` and so on.
    public let texts: [String: String]
    /// Everything else that is a number.
    public let numbers: [String: Int]

    /// The file's name.
    public var description: String { file }
  }

  /// The folder.
  public let folder: URL
  /// The vectors in the order of the manifest.
  public let all: [Vector]

  /// The top of the package, found from this source file.
  public static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Loads the manifest of a format.
  ///
  /// - Parameter format: the folder's name under `fixtures/vectors`.
  public init(_ format: String) throws {
    folder = Self.packageRoot.appendingPathComponent("fixtures/vectors").appendingPathComponent(format)
    let data = try Data(contentsOf: folder.appendingPathComponent("manifest.json"))
    let top = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    all = (top?["vectors"] as? [[String: Any]] ?? []).compactMap(Self.vector)
  }

  /// The bytes of a file in the folder.
  public func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
  }

  /// The bytes of a vector.
  public func bytes(_ vector: Vector) throws -> [UInt8] { try bytes(vector.file) }

  /// What is wrong with a decoder's output for a vector; `nil` when it is as the manifest says, or the manifest is silent.
  public static func complaint(_ output: [UInt8], _ vector: Vector) -> String? {
    if let size = vector.outputSize, size != output.count {
      return "\(vector.file): \(output.count) bytes instead of \(size)"
    }
    if let expected = vector.outputSHA256, SHA256.hex(output) != expected { return "\(vector.file): other content" }
    return nil
  }

  private static func vector(_ fields: [String: Any]) -> Vector? {
    guard let file = fields["file"] as? String, let expect = fields["expect"] as? String else { return nil }
    return Vector(
      file: file, expect: expect,
      outputSize: (fields["out_bytes"] ?? fields["output_size"] ?? fields["size"]) as? Int,
      outputSHA256: (fields["out_sha256"] ?? fields["output_sha256"]) as? String,
      dictionary: fields["dict"] as? String, note: fields["note"] as? String,
      texts: fields.compactMapValues { $0 as? String }, numbers: fields.compactMapValues { $0 as? Int })
  }
}
