<?php
/** Sends events to Edgepixel from a server. PHP 7.4 or newer, without any extension. */

/** Sends one event, and sends it again where that fails. Its id stays the same, so it counts once. */
function track(array $event, int $tries = 5): array {
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => ['Authorization: Bearer ' . getenv('EDGEPIXEL_KEY'), 'Content-Type: application/json'],
        'content' => json_encode($event + ['event_id' => bin2hex(random_bytes(16))], JSON_THROW_ON_ERROR),
        'timeout' => 10,
        'ignore_errors' => true,
        'follow_location' => 0,
    ]]);
    for ($attempt = 0; $attempt < $tries; $attempt++) {
        // Without an answer there was no network, or the connection broke: it may have arrived or not.
        $answer = @fopen(getenv('EDGEPIXEL_URL') . '/api/v1/events', 'r', false, $context);
        $headers = $answer ? stream_get_meta_data($answer)['wrapper_data'] : [];
        $text = $answer ? stream_get_contents($answer) : '';
        $status = (int) (explode(' ', $headers[0] ?? '')[1] ?? 0);
        if ($status === 202) return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
        if ($status !== 0 && $status < 500 && $status !== 429) throw new DomainException("Edgepixel refused the event: $text");
        $wait = preg_replace('/\D/', '', implode(preg_grep('/^retry-after:/i', $headers)));
        if ($attempt < $tries - 1) sleep($wait === '' ? 2 ** $attempt : (int) $wait);
    }
    throw new RuntimeException("Edgepixel could not be reached in $tries tries");
}

/** The address of a pixel whose fields nobody can change, for an image in a page. */
function signed_pixel(string $path, array $fields): string {
    $fields['project_id'] = getenv('EDGEPIXEL_PROJECT');
    ksort($fields, SORT_STRING);
    $pairs = array_map(fn ($name, $value) => "$name=$value", array_keys($fields), $fields);
    $fields['sig'] = hash_hmac('sha256', implode('&', $pairs), getenv('EDGEPIXEL_PIXEL_SECRET'));
    return getenv('EDGEPIXEL_URL') . $path . '?' . http_build_query($fields);
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    print_r(track(['event_type' => 'registration', 'player_id' => 'player-42', 'banner_tag' => 'summer']));
    $deposit = ['player_id' => 'player-42', 'amount' => '25.00', 'currency' => 'EUR', 'transaction_id' => 'T-1001'];
    print_r(track(['event_type' => 'deposit'] + $deposit));
    echo signed_pixel('/deposit', ['btag' => 'summer'] + $deposit), "\n";
}
