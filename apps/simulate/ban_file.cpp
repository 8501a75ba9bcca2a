// SPDX-License-Identifier: Apache-2.0
#include "ban_file.hpp"

#include "../common/json.hpp"
#include "../common/json_read.hpp"

#include <btard/core/error.hpp>
#include <btard/crypto/text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace btard::apps {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string hex(digest const& of) { return to_text(public_key{of.bytes}); }

std::optional<std::uint64_t> whole(std::string_view value) {
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (bad != std::errc{} || end != value.data() + value.size()) return {};
    return number;
}

using members = std::vector<json_member>;

std::optional<run_description> run_of(members const& line) {
    run_description run;
    auto const bytes = from_base64(json_letters(value_in(line, "members")));
    auto root = bytes ? decode<trust_root>(*bytes) : std::nullopt;
    auto const size = whole(value_in(line, "size")), faults = whole(value_in(line, "faults")),
               validators = whole(value_in(line, "validators")), quota = whole(value_in(line, "quota"));
    auto const keys = json_letters(value_in(line, "keys"));
    if (!root || !size || !faults || !validators || !quota || (keys != "real" && keys != "simulated")) return {};
    if (hex(root->run) != json_letters(value_in(line, "run"))) return {};
    run.root = *std::move(root);
    run.size = *size;
    run.rules.faults = *faults;
    run.rules.validators = *validators;
    run.rules.quota = std::uint32_t(*quota);
    if (auto const far = json_number(value_in(line, "far")); !std::isnan(far)) run.rules.far = far;
    if (auto const t = json_number(value_in(line, "tolerance")); !std::isnan(t)) run.rules.tolerance = t;
    run.rule = json_letters(value_in(line, "rule"));
    run.real_keys = keys == "real";
    return run;
}

/// Fills in the record, or what is wrong.
void read_record(members const& line, ban_file const& file, read_ban& ban) {
    auto const run = json_letters(value_in(line, "run"));
    auto const known =
        std::ranges::find(file.runs, run, [](run_description const& one) { return hex(one.root.run); });
    if (known == file.runs.end())
        return void(ban.wrong = concat("no line before it describes the run ", run.substr(0, 16)));
    ban.run = std::size_t(known - file.runs.begin());
    auto const bytes = from_base64(json_letters(value_in(line, "record")));
    if (!bytes) return void(ban.wrong = "its record is no base64: it was cut off or changed");
    auto record = decode_record(*bytes);
    if (!record) return void(ban.wrong = "its record cannot be read: it was cut off or changed");
    if (whole(value_in(line, "step")) != record->step ||
        json_letters(value_in(line, "peer")) != to_text(record->who.key) ||
        json_letters(value_in(line, "offence")) != enum_names(record->why)[std::size_t(record->why)])
        return void(ban.wrong = "its record is of another step, peer or offence");
    ban.record = std::move(record);
}

} // namespace

std::string base64(std::vector<std::byte> const& bytes) {
    std::string text;
    for (std::size_t k = 0; k < bytes.size(); k += 3) {
        std::uint32_t word = 0;
        for (std::size_t b = 0; b < 3; ++b)
            word = word << 8 | (k + b < bytes.size() ? std::to_integer<std::uint32_t>(bytes[k + b]) : 0);
        for (std::size_t d = 0; d < 4; ++d) text += k + d <= bytes.size() ? letters[word >> (18 - 6 * d) & 63] : '=';
    }
    return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
    std::vector<std::byte> bytes;
    if (text.size() % 4 != 0) return {};
    for (std::size_t k = 0; k < text.size(); k += 4) {
        std::uint32_t word = 0;
        std::size_t filled = 4;
        if (k + 4 == text.size())
            filled -= std::size_t(text[k + 3] == '=') + std::size_t(text[k + 3] == '=' && text[k + 2] == '=');
        for (std::size_t d = 0; d < 4; ++d) {
            auto const digit = d < filled ? letters.find(text[k + d]) : 0;
            if (digit == letters.npos) return {};
            word = word << 6 | std::uint32_t(digit);
        }
        if ((word & ((1u << 8 * (4 - filled)) - 1)) != 0) return {}; // bits behind the last byte
        for (std::size_t b = 0; b + 1 < filled; ++b)
            bytes.push_back(static_cast<std::byte>(word >> (16 - 8 * b) & 0xFF));
    }
    return bytes;
}

std::string run_line(run_description const& of) {
    json_object line;
    line.add("run", hex(of.root.run)).add("keys", of.real_keys ? "real" : "simulated").add("rule", of.rule);
    line.add("size", of.size).add("faults", of.rules.faults).add("validators", of.rules.validators);
    line.add("quota", of.rules.quota);
    if (of.rules.far) line.add("far", *of.rules.far);
    if (of.rules.tolerance > 0) line.add("tolerance", of.rules.tolerance);
    return line.add("members", base64(encode(of.root))).text();
}

std::string ban_line(digest const& run, ban_record const& record) {
    return json_object()
        .add("run", hex(run))
        .add("step", record.step)
        .add("peer", to_text(record.who.key))
        .add("offence", enum_names(record.why)[std::size_t(record.why)])
        .add("record", base64(encode_record(record)))
        .text();
}

ban_file read_bans(std::string_view text) {
    ban_file file;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::size_t const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        auto const read = read_json(line);
        if (read && value_in(*read, "record").empty()) {
            if (auto run = run_of(*read)) {
                file.runs.push_back(*std::move(run));
                continue;
            }
        }
        auto& ban = file.bans.emplace_back();
        ban.line = number;
        if (!read) ban.wrong = "it is no JSON object: it was cut off or changed";
        else if (value_in(*read, "record").empty()) ban.wrong = "it describes neither a run nor a ban";
        else read_record(*read, file, ban);
    }
    return file;
}

} // namespace btard::apps
