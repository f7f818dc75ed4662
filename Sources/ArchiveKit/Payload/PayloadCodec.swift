// SPDX-License-Identifier: Apache-2.0

/// The codecs that payloads of frames are written with, by their number in the format.
internal import CodecKit

/// A codec under its number in the format, ready to pack and unpack payloads.
struct PayloadCodec: Sendable {
  /// What the format itself knows.
  private struct Known {
    let number: UInt8
    /// The codec whose whole stream is the payload.
    let codec: String
    /// The codecs that mean it when a user names them.
    let names: [String]
    /// Whether the payload does not tell how large its content is.
    var needsSize = false
  }

  private static let known: [Known] = [
    Known(number: 1, codec: "zstd", names: ["zstd"]),
    Known(number: 2, codec: "lz4-raw", names: ["lz4", "lz4-raw"], needsSize: true),
    Known(number: 3, codec: "snappy-raw", names: ["snappy", "snappy-raw"]),
    Known(number: 4, codec: "deflate", names: ["deflate", "gzip", "pgzip", "zlib"]),
    Known(number: 5, codec: "s2-raw", names: ["s2", "s2-raw"]),
    Known(number: 6, codec: "quicklz-raw", names: ["quicklz", "quicklz-raw"]),
  ]

  /// The first number that the format leaves to the superblock.
  static let firstNamedNumber: UInt8 = 64
  /// Payloads that are stored as they are.
  static let stored = PayloadCodec(number: 0, codec: nil, spec: nil)

  /// Its number in frame headers.
  let number: UInt8
  /// What packs and unpacks; `nil` stores.
  let codec: (any Codec)?
  /// How the superblock names it, where the format does not know it.
  let spec: String?
  private var needsSize = false

  private init(number: UInt8, codec: (any Codec)?, spec: String?, needsSize: Bool = false) {
    self.number = number
    self.codec = codec
    self.spec = spec
    self.needsSize = needsSize
  }

  /// What a user named, in the form payloads have.
  ///
  /// - Parameters:
  ///   - codec: the codec, with the settings to write by.
  ///   - registry: where the bare forms of codecs are found.
  init(_ codec: any Codec, _ registry: CodecRegistry) throws(ArchiveError) {
    let id = codec.descriptor.id.rawValue
    if id == "none" {
      self = .stored
      return
    }
    guard let known = Self.known.first(where: { $0.names.contains(id) }) else {
      self.init(number: Self.firstNamedNumber, codec: codec, spec: id)
      return
    }
    if known.codec == id {
      self.init(number: known.number, codec: codec, spec: nil, needsSize: known.needsSize)
    } else {
      guard let bare = registry.named(known.codec) else {
        throw ArchiveError(.unsupportedFeature, "the codec \(known.codec) is not registered")
      }
      self.init(number: known.number, codec: bare, spec: nil, needsSize: known.needsSize)
    }
  }

  /// What a frame's number means.
  ///
  /// - Parameters:
  ///   - number: the number.
  ///   - superblock: names the codecs that the format does not know.
  ///   - registry: where they are found.
  init(number: UInt8, _ superblock: Superblock, _ registry: CodecRegistry) throws(ArchiveError) {
    if number == 0 {
      self = .stored
      return
    }
    if let known = Self.known.first(where: { $0.number == number }) {
      guard let codec = registry.named(known.codec) else {
        throw ArchiveError(.unsupportedFeature, "the archive needs the codec \(known.codec), which is not registered")
      }
      self.init(number: number, codec: codec, spec: nil, needsSize: known.needsSize)
      return
    }
    let named = superblock.fields.first { $0.type == Superblock.Field.codec && $0.value.first == number }
    guard let named else {
      throw ArchiveError(.unsupportedFeature, "the archive uses the unknown codec number \(number)")
    }
    let spec = String(decoding: named.value.dropFirst(), as: UTF8.self)
    do throws(CodecError) {
      self.init(number: number, codec: try registry.codec(spec), spec: spec)
    } catch {
      throw ArchiveError(.unsupportedFeature, "the archive needs the codec \(spec), which is not registered")
    }
  }

  /// What decodes a payload of so many bytes.
  func decoder(rawLength: Int) throws(CodecError) -> any Codec {
    guard let codec else { throw CodecError(.internalInconsistency, reason: "what is stored has no decoder") }
    guard needsSize else { return codec }
    var parameters = CodecParameters(codec: codec.descriptor.id, [("size", String(rawLength))])
    return try codec.configured(&parameters)
  }

  /// Whether a decoder serves payloads of every size.
  var decodersAreReusable: Bool { !needsSize }
}
