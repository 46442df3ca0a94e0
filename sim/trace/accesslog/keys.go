package accesslog

// caddyKeys are Caddy's: ts is when the line was written. Before 2.5 the
// address had its port; client_ip, since 2.7, is the client behind proxies
// that Caddy trusts.
var caddyKeys = &keys{
	ends: true,
	values: map[string]field{
		"ts":         {kind: kStampAny},
		"user_id":    {kind: kUser},
		"common_log": {kind: kCommonUser},
		"duration":   {kind: kTook, unit: Seconds},
		"status":     {kind: kStatus},
	},
	objects: map[string]*keys{"request": {
		values: map[string]field{
			"remote_addr": {kind: kAddrPort},
			"remote_ip":   {kind: kSomeAddr},
			"client_ip":   {kind: kAddr},
			"method":      {kind: kMethod},
			"uri":         {kind: kURI},
		},
		objects: map[string]*keys{"headers": {
			values: map[string]field{
				"X-Forwarded-For": {kind: kForwarded},
				"Forwarded":       {kind: kForwarded},
				"User-Agent":      {kind: kAgent},
				"Cookie":          {kind: kCookie},
			},
		}},
	}},
}

// traefikKeys are Traefik's. Its ClientHost is the whole X-Forwarded-For of a
// request that has one, and its duration is in nanoseconds.
var traefikKeys = &keys{
	values: map[string]field{
		"StartUTC":                {kind: kStampISO},
		"StartLocal":              {kind: kStampISO},
		"Duration":                {kind: kTook, unit: Nanoseconds},
		"ClientAddr":              {kind: kAddrPort},
		"ClientHost":              {kind: kClient},
		"ClientUsername":          {kind: kUser},
		"RequestMethod":           {kind: kMethod},
		"RequestPath":             {kind: kURI},
		"DownstreamStatus":        {kind: kStatus},
		"request_X-Forwarded-For": {kind: kForwarded},
		"request_User-Agent":      {kind: kAgent},
		"request_Cookie":          {kind: kCookie},
	},
}

// envoyKeys are the names that Istio gives to the values of Envoy.
var envoyKeys = &keys{
	values: map[string]field{
		"start_time":                {kind: kStampISO},
		"duration":                  {kind: kTook, unit: Milliseconds},
		"downstream_remote_address": {kind: kAddrPort},
		"x_forwarded_for":           {kind: kForwarded},
		"x-forwarded-for":           {kind: kForwarded},
		"method":                    {kind: kMethod},
		"path":                      {kind: kURI},
		"response_code":             {kind: kStatus},
		"response_flags":            {kind: kFlags},
		"upstream_host":             {kind: kUpstream},
		"user_agent":                {kind: kAgent},
		"user-agent":                {kind: kAgent},
	},
}

// nginxKeys are the names of nginx's variables, and others often given.
var nginxKeys = &keys{
	ends:    true,
	cookies: true,
	values: map[string]field{
		"msec":                 {kind: kStampUnix, unit: Seconds},
		"time_msec":            {kind: kStampUnix, unit: Seconds},
		"time_epoch":           {kind: kStampUnix, unit: Seconds},
		"time_iso8601":         {kind: kStampISO},
		"time_local":           {kind: kStampCLF},
		"time":                 {kind: kStampAny},
		"timestamp":            {kind: kStampAny},
		"@timestamp":           {kind: kStampAny},
		"ts":                   {kind: kStampAny},
		"remote_addr":          {kind: kAddr},
		"remote_ip":            {kind: kSomeAddr},
		"client_ip":            {kind: kSomeAddr},
		"clientip":             {kind: kSomeAddr},
		"client":               {kind: kSomeAddr},
		"remote_user":          {kind: kUser},
		"user":                 {kind: kUser},
		"request":              {kind: kRequest},
		"request_method":       {kind: kMethod},
		"method":               {kind: kMethod},
		"request_uri":          {kind: kURI},
		"uri":                  {kind: kURI},
		"path":                 {kind: kURI},
		"args":                 {kind: kQuery},
		"query_string":         {kind: kQuery},
		"request_query":        {kind: kQuery},
		"status":               {kind: kStatus},
		"request_time":         {kind: kTook, unit: Seconds},
		"http_x_forwarded_for": {kind: kForwarded},
		"x_forwarded_for":      {kind: kForwarded},
		"x-forwarded-for":      {kind: kForwarded},
		"x-forward-for":        {kind: kForwarded},
		"http_user_agent":      {kind: kAgent},
		"user_agent":           {kind: kAgent},
		"http_cookie":          {kind: kCookie},
		"cookie":               {kind: kCookie},
	},
}
