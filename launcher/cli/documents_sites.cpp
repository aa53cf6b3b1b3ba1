// The JSON documents of `sites`.  Pure: no clock, no I/O.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "launcher/cli/documents.hpp"
#include "launcher/cli/site_text.hpp"

namespace pcluster {
namespace {

using Json = nlohmann::ordered_json;

template <class List, class Each>
std::string document(std::string_view kind, const List& list, Each each) {
  Json items = Json::array();
  for (const auto& element : list) items.push_back(each(element));
  return Json{{"version", 1}, {"kind", kind}, {"items", items}}.dump(
             -1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace

std::string sites_document(const std::vector<SiteProfile>& sites) {
  return document("sites", sites, [](const SiteProfile& site) {
    return Json{{"name", site.name},
                {"scheduler", site.scheduler},
                {"description", site.description},
                {"verified_on", site.verified_on ? Json(*site.verified_on) : Json()},
                {"partitions", site.partitions.size()},
                {"source", site.source},
                {"file", site.file}};
  });
}

std::string site_document(const std::vector<SiteRow>& rows) {
  return document("site", rows, [](const SiteRow& row) {
    return Json{{"key", row.key}, {"value", row.value}, {"source", row.source}};
  });
}

std::string site_check_document(const std::vector<SiteDifference>& differences) {
  return document("site_check", differences, [](const SiteDifference& each) {
    return Json{{"partition", each.partition},
                {"what", each.what},
                {"profile", each.profile},
                {"scheduler", each.live},
                {"differs", each.counts}};
  });
}

}  // namespace pcluster
